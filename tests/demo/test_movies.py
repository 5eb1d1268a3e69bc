"""Movies of one's own as footage: their shots, whole, and brought down; and what a fault needs to show."""

from __future__ import annotations

import av
import numpy as np
import pytest

from film_recovery.demo import footage
from film_recovery.demo.movies import WIDEST, movies, shots
from film_recovery.demo.recovered import Clip
from film_recovery.errors import FilmRecoveryError


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    """Shots of 10, 16 and 12 frames, twice as wide as frames are brought to."""
    filmed = footage.photographs()
    path = tmp_path_factory.mktemp("movies") / "reel.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 2 * WIDEST, 540, "yuv420p"
        for (first, _), length in zip(filmed.shots, (10, 16, 12), strict=False):
            for picture in filmed.pictures[first : first + length]:
                small = (255 * picture).round().astype(np.uint8)
                frame = av.VideoFrame.from_ndarray(small, format="rgb24")
                container.mux(stream.encode(frame.reformat(stream.width, stream.height, "yuv420p")))
        container.mux(stream.encode())
    return path


def test_shots_that_are_long_enough_are_cut_where_the_movie_is(movie):
    two = shots(movie, 12, most=2)
    assert [len(shot) for shot in two] == [12, 12]
    assert all(one.shape == (270, WIDEST, 3) and one.dtype == np.float32 for shot in two for one in shot)
    given = shots(movie, 12, firsts=[10, 26])
    assert np.array_equal(two, given)


def test_a_movie_without_such_a_shot_is_refused(movie, tmp_path):
    with pytest.raises(FilmRecoveryError, match="no shot of 17 frames"):
        shots(movie, 17)
    with pytest.raises(FilmRecoveryError, match="no shot of 12 frames"):
        shots(movie, 12, firsts=[30])
    text = tmp_path / "reel.mov"
    text.write_text("no movie")
    with pytest.raises(FilmRecoveryError, match="cannot be decoded"):
        shots(text, 12)


def test_a_folder_stands_for_its_movies(movie, tmp_path):
    assert movies([movie.parent]) == movies([movie]) == [movie]
    with pytest.raises(FilmRecoveryError, match="no movie"):
        movies([tmp_path])


def test_a_fault_shows_only_where_there_is_what_it_changes():
    skin = np.full((40, 60, 3), 0.5, np.float32)
    grey = Clip("sharpened", [skin], 0.01, 1)
    assert not any(grey.shows(1, fault) for fault in ("hue", "bleed", "skin")) and grey.shows(1, "flicker")
    skin[10:30, 20:40] = (0.62, 0.46, 0.38)
    assert all(Clip("sharpened", [skin], 0.01, 1).shows(1, fault) for fault in ("hue", "bleed", "skin"))
