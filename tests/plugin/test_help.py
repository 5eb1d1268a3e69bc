"""docs/index.html: the page that Help opens names everything, and every link in it leads somewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from film_recovery.plugin.menus import BLOCKS, GRAPHS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "index.html"
NO_END = ("meta", "img", "br", "hr", "link", "input")


class Read(HTMLParser):
    """The page's parts: links, anchors, words; and whether each element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.names: list[str] = []
        self.words: list[str] = []
        self.opened: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag not in NO_END:
            self.opened.append(tag)
        for name, value in attributes:
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.anchors.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag, f"line {self.getpos()[0]}: {tag} is closed out of turn"

    def handle_data(self, data: str) -> None:
        if self.opened and self.opened[-1] != "style":
            self.words.append(data)


def broken(page: Read) -> list[str]:
    """Links that lead out of the folder or to nothing."""
    found = []
    for link in page.links:
        if link.startswith("#"):
            found += [] if link[1:] in page.anchors else [link]
        elif re.match(r"[a-z]+:|/", link) or not (DOCS / link).is_file():
            found.append(link)
    return found


def unnamed(page: Read) -> set[str]:
    """Blocks and templates that the page does not name."""
    words = set(re.findall(r"[A-Za-z_]+(?:-[a-z]+)*", " ".join(page.words)))
    return ({*BLOCKS} | {name for _, name in GRAPHS}) - words


def test_it_names_every_block_and_every_template() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert unnamed(Read(text)) == set()
    assert unnamed(
        Read(text.replace("FR_Merge", "").replace("<b>combined</b>", "").replace("combined", ""))
    ) == {
        "FR_Merge",
        "combined",
    }
    templates = {file.stem for file in DOCS.parent.glob("templates/*.nk")}
    assert templates == {name for _, name in GRAPHS}


def test_every_link_leads_somewhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    page = Read(text)
    assert broken(page) == [] and page.opened == []
    assert {f"pictures/{name}.png" for _, name in GRAPHS} <= set(page.links)
    wrong = (
        text.replace("self-test.md", "no.md").replace('id="start"', "").replace("install.md", "https://a.b")
    )
    assert broken(Read(wrong)) == ["#start", "no.md", "https://a.b"]


def test_it_is_one_file_without_scripts_that_asks_no_network() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert not {"script", "link", "iframe", "base"} & set(Read(text).names)
    assert not re.search(r"https?:|@import|url\(|\bon[a-z]+=", text)
    assert "prefers-color-scheme: dark" in text and 'name="viewport"' in text


def test_the_six_stages_stand_in_order() -> None:
    stages = [
        anchor for anchor in Read(PAGE.read_text(encoding="utf-8")).anchors if anchor.startswith("stage-")
    ]
    assert stages == [f"stage-{number}" for number in range(6)]
