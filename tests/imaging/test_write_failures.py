"""A write that fails leaves what was there, nothing half-made, and says which folder and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame

MakeFrame = Callable[..., Frame]

FULL_DISK = """
import resource, signal, sys
import numpy as np
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
pixels = np.random.default_rng(1).random((200, 300, 3), dtype=np.float32)
try:
    write_frame(Frame.from_array(pixels), sys.argv[1])
except FilmRecoveryError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("limit", [0, 100, 5000, 100_000, -1, -3000])
@pytest.mark.parametrize("name", ["a.exr", "a.png", "a.tif", "a.dpx"])
def test_a_full_disk_keeps_the_older_file(tmp_path: Path, name: str, limit: int) -> None:
    """The limit on file size stands for the end of the disk: writes beyond it fail. Below zero: so much too short."""
    path = tmp_path / name
    if limit < 0:
        subprocess.run([sys.executable, "-c", FULL_DISK, str(path), str(1 << 30)], check=True, timeout=60)
        limit += path.stat().st_size
    path.write_bytes(b"older")
    command = [sys.executable, "-c", FULL_DISK, str(path), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "could not be written" in done.stdout
    assert f"free space on the disk of {tmp_path}" in done.stdout
    assert ".film-recovery-" not in done.stdout
    assert path.read_bytes() == b"older"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A folder that this process may list but not write to, also when the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    folder.rmdir()


def test_an_unwritable_folder_is_named(unwritable: Path, noise: MakeFrame) -> None:
    with pytest.raises(FilmRecoveryError, match="cannot be written to: Permission denied") as caught:
        write_frame(noise(), unwritable / "a.exr")
    assert str(unwritable) in caught.value.message
    assert "permissions" in caught.value.remedy
    with pytest.raises(FilmRecoveryError, match="cannot be written to"):
        write_frame(noise(), unwritable / "b" / "a.exr", create_directories=True)


def test_folders_are_made_only_when_asked_for(tmp_path: Path, noise: MakeFrame) -> None:
    path = tmp_path / "a" / "b" / "c.exr"
    with pytest.raises(FilmRecoveryError, match="does not exist") as caught:
        write_frame(noise(), path)
    assert str(path.parent) in caught.value.message
    assert "create directories" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
    write_frame(noise(), path, create_directories=True)
    assert np.array_equal(read_frame(path).pixels, noise().pixels)


def test_a_file_in_the_place_of_the_folder_and_a_folder_in_that_of_the_file(
    tmp_path: Path, noise: MakeFrame
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FilmRecoveryError, match="cannot be written to"):
        write_frame(noise(), tmp_path / "file" / "a.exr", create_directories=True)
    (tmp_path / "b.exr").mkdir()
    with pytest.raises(FilmRecoveryError, match="A folder is in the place of the file"):
        write_frame(noise(), tmp_path / "b.exr")


def test_a_refused_frame_leaves_the_older_file(tmp_path: Path, noise: MakeFrame) -> None:
    path = tmp_path / "a.exr"
    write_frame(noise(), path)
    before = path.read_bytes()
    with pytest.raises(FilmRecoveryError, match="beyond 65504"):
        write_frame(noise().with_pixels(noise().pixels * 1e6), path)
    with pytest.raises(FilmRecoveryError, match="metadata"):
        write_frame(noise(), path, metadata={"Note": "a", "note": "b"})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.exr"]


def test_permissions_are_the_users_and_long_names_are_written(tmp_path: Path, noise: MakeFrame) -> None:
    path = tmp_path / ("n" * 240 + ".exr")
    mask = os.umask(0o027)
    try:
        write_frame(noise(), path)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_is_replaced_and_what_it_pointed_to_is_not_touched(tmp_path: Path, noise: MakeFrame) -> None:
    (tmp_path / "film.exr").write_bytes(b"sacred")
    (tmp_path / "out.exr").symlink_to(tmp_path / "film.exr")
    write_frame(noise(), tmp_path / "out.exr")
    assert (tmp_path / "film.exr").read_bytes() == b"sacred"
    assert not (tmp_path / "out.exr").is_symlink()
