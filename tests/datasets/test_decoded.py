"""Decoded pictures on disk: the same bits, in parts, within a limit, and never an old one for a new."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from film_recovery.datasets.decoded import Decoded, codes_of, values_of
from film_recovery.datasets.folder import FolderPairs, file_key
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.pairs import Parts

KINDS = [(".jpg", "uint8"), (".png", "uint8"), (".png", "uint16"), (".tif", "uint16"), (".tif", "float32")]


def pairs_of(files, path: Path, crops, suffix: str, datatype: str, room: int = 0) -> FolderPairs:
    for number, crop in enumerate(crops):
        for side, picture in (("source", crop), ("target", files.edited(crop))):
            content = (
                picture.astype(np.float32) if datatype == "float32" else files.encoded(picture, datatype)
            )
            files.write(path / side / f"{number}{suffix}", content)
    return FolderPairs(path, room=room)


@pytest.mark.parametrize(("suffix", "datatype"), KINDS)
def test_what_is_kept_has_the_same_bits(files, tmp_path: Path, crops, suffix: str, datatype: str) -> None:
    pairs = pairs_of(files, tmp_path / "pairs", crops[:2], suffix, datatype)
    read = [pairs[index] for index in (0, 1)]
    pairs.decoded = Decoded(tmp_path / "decoded")
    assert pairs.opened(0).input.shape == read[0].input.shape  # keeps it
    assert isinstance(pairs.opened(0), Parts)
    _ = pairs[1]
    for index, pair in enumerate(read):
        again = pairs[index]
        assert again.label == pair.label
        for name in ("input", "truth"):
            whole = getattr(pair, name)
            assert getattr(again, name).dtype == np.float32
            assert getattr(again, name).tobytes() == whole.tobytes()
            part = getattr(pairs.opened(index), name)[slice(5, 40), slice(3, 29)]
            assert part.tobytes() == np.ascontiguousarray(whole[5:40, 3:29]).tobytes()
    kinds = {np.load(file).dtype for file in (tmp_path / "decoded").glob("*.npy")}
    assert kinds == {np.dtype(datatype)}


def test_each_type_holds_its_values() -> None:
    half = np.array([[[-0.5, 1.5, np.float16(0.1)]]], np.float16).astype(np.float32)
    assert codes_of(half).dtype == np.float16
    for values in (half, half + np.float32(1e-7), np.full((1, 1, 3), -0.0, np.float32), half * 1e9):
        assert values_of(codes_of(values)).tobytes() == values.tobytes()


def test_a_kept_picture_is_not_read_again_and_a_changed_one_is(files, tmp_path: Path, crops) -> None:
    pairs = pairs_of(files, tmp_path / "pairs", crops[:1], ".png", "uint8")
    pairs.decoded = Decoded(tmp_path / "decoded")
    before = pairs[0]
    file = pairs.files[0][0]
    found = file.stat()
    file.write_bytes(b"\0" * found.st_size)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert pairs[0].input.tobytes() == before.input.tobytes()
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    with pytest.raises(FilmRecoveryError, match=r"0\.png"):
        _ = pairs[0]
    file.unlink()
    assert file_key(file) == "missing"
    with pytest.raises(FilmRecoveryError, match="does not exist"):
        _ = pairs[0]


def test_there_is_a_limit_and_what_is_cut_short_is_decoded_again(files, tmp_path: Path, crops) -> None:
    pairs = pairs_of(files, tmp_path / "pairs", crops[:3], ".png", "uint8")
    one = crops[0].shape[0] * crops[0].shape[1] * 3
    decoded = tmp_path / "decoded"
    pairs.decoded = Decoded(decoded, largest=3 * one)
    before = [pairs[index].input.tobytes() for index in range(3)]
    kept = sorted(decoded.iterdir())
    assert len(kept) == 3  # two of the first pair, one of the second
    assert [pairs[index].input.tobytes() for index in range(3)] == before
    assert sorted(decoded.iterdir()) == kept
    for file in kept:
        file.write_bytes(file.read_bytes()[:200])
    assert [pairs[index].input.tobytes() for index in range(3)] == before
    Decoded(decoded).remove()
    assert not decoded.exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(files, tmp_path: Path, crops) -> None:
    pairs = pairs_of(files, tmp_path / "pairs", crops[:1], ".png", "uint8")
    (tmp_path / "file").touch()
    pairs.decoded = Decoded(tmp_path / "file" / "decoded")
    assert pairs[0].input.tobytes() == pairs[0].input.tobytes()


def test_several_threads_may_ask(files, tmp_path: Path, crops) -> None:
    pairs = pairs_of(files, tmp_path / "pairs", crops[:3], ".png", "uint8", room=2 * crops[0].nbytes + 9)
    expected = [pairs[index].truth.tobytes() for index in range(3)]
    again = FolderPairs(tmp_path / "pairs", room=2 * crops[0].nbytes + 9)
    again.decoded = Decoded(tmp_path / "decoded")
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: again[number % 3].truth.tobytes(), range(30)))
    assert found == [expected[number % 3] for number in range(30)]
    assert len(again._kept) == 1
