"""The report as a file: its content, that text stays text, its size, and that equal data gives equal bytes."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from film_recovery import __version__
from film_recovery.checks import Check, Outcome, StageReport
from film_recovery.delivery import Curve, FigureRow, ReportData, Signature, Still, build_report
from film_recovery.delivery.words import printable
from film_recovery.errors import FilmRecoveryError

GOLDEN = Path(__file__).parent / "golden" / "report.html"
VOID = {"meta", "img", "br", "input", "line", "polyline", "circle"}


class Page(HTMLParser):
    """What a browser makes of a report: every start tag with its attributes' names, and the text of elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self._text: list[list[str]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self._text.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open and self._open.pop() == tag, f"</{tag}> closes nothing"
        text = "".join(self._text.pop())
        self.texts.append((tag, text))
        if self._text:
            self._text[-1].append(text)

    def handle_data(self, data: str) -> None:
        if self._text:
            self._text[-1].append(data)


def _html(data: ReportData, folder: Path) -> str:
    return build_report(data, folder / "report.html").read_bytes().decode("utf-8")


# Content


def test_the_report_is_the_golden_one(report_data: ReportData, tmp_path: Path) -> None:
    html = _html(report_data, tmp_path)
    html = re.sub(r'data:image/jpeg;base64,[^"]+', lambda m: _digest(m[0]), html)
    html = re.sub(r"(?s)(<(style|script)>).*?(</\2>)", r"\1\3", html)
    html = re.sub(r"'sha256-[^']+'", "'sha256-SCRIPT'", html).replace(__version__, "VERSION")
    made = tmp_path / "made.html"
    made.write_text(html, encoding="utf-8")
    changes = difflib.unified_diff(
        GOLDEN.read_text(encoding="utf-8").splitlines(), html.splitlines(), "golden", "made", lineterm="", n=0
    )
    shown = "\n".join(changes)
    assert not shown, f"The report changed. If that is meant: cp {made} {GOLDEN}\n{shown}"


def _digest(text: str) -> str:
    return "JPEG-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def test_it_is_semantic_and_asks_for_nothing(report_data: ReportData, tmp_path: Path) -> None:
    html = _html(report_data, tmp_path)
    page = Page(html)
    assert ("html", {"lang": "en-GB"}) in page.attributes
    assert [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)][:3] == ["h1", "h2", "h2"]
    assert all(attributes.get("alt") for tag, attributes in page.attributes if tag == "img")
    assert all(attributes.get("scope") for tag, attributes in page.attributes if tag == "th")
    names = [attributes["id"] for _, attributes in page.attributes if "id" in attributes]
    assert len(names) == len(set(names)), "an id is used twice"
    for tag, attributes in page.attributes:
        for name in ("src", "href", "srcset", "action", "data"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:image/jpeg")), f"<{tag} {name}={value[:60]}>"
            assert not (name == "href" and value[1:] and value[1:] not in names), f"{value} leads nowhere"
    assert not re.search(r"url\(|@import|https?:", html)
    policy = next(a["content"] for _, a in page.attributes if a.get("http-equiv"))
    assert policy and policy.startswith("default-src 'none'; img-src data:;")


def test_the_verdict_comes_first(report_data: ReportData, tmp_path: Path) -> None:
    headings = [text for tag, text in Page(_html(report_data, tmp_path)).texts if tag == "h2"]
    assert headings[0] == "Not to be accepted as it is: 1 point must be put right."
    assert headings[1:6] == ["Sign-off", "Stills", "Figures", "Measures over the range", "Outliers"]


def test_a_report_of_almost_nothing_says_so(tmp_path: Path) -> None:
    html = _html(ReportData("A film", "", "", "colour-reference", ""), tmp_path)
    texts = [text for _, text in Page(html).texts]
    for said in ("No check was made.", "Nothing was measured.", "None was written down.", "There are none."):
        assert any(said in text for text in texts), said
    assert ("h1", "A film") in Page(html).texts


# Text stays text

TEXT = st.text(min_size=1, max_size=40)
HOSTILE = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\"'&amp;"


def _filled_with(text: str) -> ReportData:
    """A report with ``text`` wherever a text can be."""
    row = FigureRow(text, text, text, "higher", {"Source": 1.0, text + "2": 2.0})
    still = np.zeros((8, 8, 3), np.uint8)
    shown = {text: text}
    return ReportData(
        film=text,
        reel=text,
        shot=text,
        recipe=f"own-{text}",  # one that has no sentence of its own
        title=text,
        reports=(StageReport(0, (Outcome("a.b", "fail", text, shown, text, (text,), shown),)),),
        checks=(Check("a.b", 0, text, text, "shall", (text,), manual=True),),
        signatures=(Signature("a.b", text, text, text),),
        figures=(row,),
        stills=(Still(1, still, still, still, text, shown, text + "3"),),
        curves=(Curve(text, text, ((0, 1), (1, 2))),),
        elements={text: shown},
        settings=shown,
        hashes=shown,
        made={text + "4": text},
        reasoning=text,
        notes=text,
        date=text,
    )


@pytest.fixture(scope="module")
def plain_tags(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, tuple[str, ...]]]:
    return Page(_html(_filled_with("word"), tmp_path_factory.mktemp("plain"))).tags


@pytest.mark.slow
@given(text=TEXT)
@example(text=HOSTILE)
@example(text="<script>alert(1)</script>")
@example(text="\ud800\x00<b>\x85\ufeff")
@example(text="javascript:alert(1)")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_ever_becomes_a_tag(
    text: str, plain_tags: list[tuple[str, tuple[str, ...]]], tmp_path: Path
) -> None:
    page = Page(_html(_filled_with(text), tmp_path))
    assert page.tags == plain_tags, "the same elements with the same attributes, whatever the text"
    assert ("h1", printable(text)) in page.texts
    assert ("title", f"{printable(text)} – recovery report") in page.texts
    assert ("span", printable(text)) in page.texts, "the check's title"
    assert ("li", printable(text)) in page.texts, "its remedy"
    assert ("td", printable(text)) in page.texts, "a setting"


def test_templates_escape_everything() -> None:
    import film_recovery.delivery

    templates = sorted((Path(film_recovery.delivery.__file__).parent / "templates").iterdir())
    assert {path.name for path in templates} >= {"report.html", "report.css", "report.js", "stills.html"}
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), path.name
        if path.suffix != ".html":
            assert "{{" not in text, f"{path.name} takes no data"


# Bytes


def test_equal_data_gives_equal_bytes(report_data: ReportData, tmp_path: Path) -> None:
    one, two = (build_report(report_data, tmp_path / name / "r.html") for name in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()
    build_report(dataclasses.replace(report_data, date="2026-03-06"), two)
    assert one.read_bytes() != two.read_bytes()


def test_an_earlier_report_is_replaced_whole_or_not_at_all(report_data: ReportData, tmp_path: Path) -> None:
    path = build_report(report_data, tmp_path / "report.html")
    before = path.read_bytes()
    broken = dataclasses.replace(report_data, settings={"x": 1}, figures=(object(),))
    with pytest.raises(AttributeError):
        build_report(broken, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.slow
def test_twenty_film_stills_fit_below_20_mb(photograph: Any, tmp_path: Path) -> None:
    import cv2

    plate = cv2.resize(photograph("coffee.png"), (2048, 1556))
    grain = np.random.default_rng(4).normal(0, 0.04, plate.shape)
    picture = (np.clip(plate + grain, 0, 1) * 255).astype(np.uint8)
    stills = tuple(Still(frame, picture, picture, picture) for frame in range(20))
    path = build_report(ReportData("A film", "", "", "spatial-gauge", "", stills=stills), tmp_path / "r.html")
    assert 5e6 < path.stat().st_size < 20e6
    html = path.read_text(encoding="utf-8")
    side = int(re.search(r"scaled to (\d+) pixels", html)[1])  # type: ignore[index]
    assert side >= 960
    assert f'width="{side}"' in html


def test_pictures_are_shown_as_they_are(report_data: ReportData, tmp_path: Path) -> None:
    import base64

    import cv2

    page = Page(_html(report_data, tmp_path))
    uris = [str(attributes["src"]) for tag, attributes in page.attributes if tag == "img"]
    wanted = [picture for still in report_data.stills for picture in still.pictures.values()]
    assert len(uris) == len(wanted) == 6
    for uri, picture in zip(uris, wanted, strict=True):
        data = np.frombuffer(base64.b64decode(uri.partition(",")[2]), np.uint8)
        shown = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert shown is not None
        assert np.abs(shown[:, :, ::-1].astype(int) - picture).mean() < 4, "another picture is further away"


def test_too_much_text_is_refused(tmp_path: Path) -> None:
    data = ReportData("A film", "", "", "spatial-gauge", "", notes="x" * 20_000_000)
    with pytest.raises(FilmRecoveryError, match=r"20\.0 MB; 20 are allowed"):
        build_report(data, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_too_many_stills_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from film_recovery.delivery import pictures

    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    with pytest.raises(FilmRecoveryError, match="show fewer stills"):
        pictures.encoded([noise] * 40, 20_000)


# Data that cannot be shown


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((8, 8, 3), np.float32), "float32"),
        (np.zeros((8, 8, 4), np.uint8), r"\(8, 8, 4\)"),
        (np.zeros((8, 9, 3), np.uint8), "differ in size: Source 8×8, Recovered 8×8, Reference 9×8"),
    ],
)
def test_a_still_that_cannot_be_compared_is_refused(picture: Any, said: str) -> None:
    good = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(FilmRecoveryError, match=said) as caught:
        Still(1042, good, good, picture)
    assert caught.value.where == {"frame": 1042}


def test_a_still_without_a_reference_is_shown_with_two_pictures(tmp_path: Path) -> None:
    grey = np.full((8, 8, 3), 90, np.uint8)
    data = ReportData("A film", "", "", "colour-constructed", "", stills=(Still(7, grey, grey, None),))
    labels = [text for tag, text in Page(_html(data, tmp_path)).texts if tag == "label"]
    assert labels == ["Source | Recovered", "Side by side"]
