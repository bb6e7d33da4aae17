"""A file is written whole or not at all, and a full disk is told as what it is."""

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from warehouse.errors import DiskFull
from warehouse.whole_file import whole_file, write_text


@contextmanager
def room_for(size: int) -> Generator[None]:
    """No file may grow beyond it, as where a quota ends."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_room_the_old_file_stays_and_no_part_is_left(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    write_text(file, "old")
    with room_for(100), pytest.raises(DiskFull, match=r"a\.csv was not written, since its disk is"):
        write_text(file, "new" * 100)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert file.read_text() == "old"


def test_any_other_error_is_its_own_and_leaves_no_part(tmp_path: Path) -> None:
    def write_half() -> None:
        with whole_file(tmp_path / "a.csv") as partial:
            partial.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_a_device_stays_one(tmp_path: Path) -> None:
    full = tmp_path / "full.csv"
    full.symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        write_text(full, "text")
    assert Path("/dev/full").is_char_device()


def test_a_link_stays_one_and_a_file_keeps_its_rights(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "Zürich")
    assert link.is_symlink()
    assert real.read_bytes() == "Zürich".encode()
    assert real.stat().st_mode & 0o777 == 0o640
