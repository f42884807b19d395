"""Where the socket goes, by the length and the letters of the data folder's path."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.embedded import HomeUnusable
from streams.embedded.sockets import PATH_BYTES_MAX, make_socket_folder, socket_folder


def test_a_short_path_keeps_its_socket() -> None:
    assert socket_folder(Path("/home/ann/.echora")) == Path("/home/ann/.echora/postgres/socket")


@pytest.mark.parametrize("home", ["/home/" + "deep/" * 30, "/home/ann/My Projects", "/home/ann/a,b", "/home/änne"])
def test_other_paths_get_a_short_plain_one_of_their_own(home: str) -> None:
    folder = socket_folder(Path(home))
    assert len(str(folder / ".s.PGSQL.5432").encode()) <= PATH_BYTES_MAX
    assert str(folder).isascii()
    assert folder != socket_folder(Path(home + "2"))
    assert folder == socket_folder(Path(home))


@pytest.mark.parametrize("extra", [0, 1])
def test_the_limit_is_met_exactly(extra: int) -> None:
    rest = len("/postgres/socket/.s.PGSQL.5432")
    home = Path("/" + "x" * (PATH_BYTES_MAX - rest - 1 + extra))
    assert socket_folder(home).is_relative_to(home) is (extra == 0)


def test_a_strangers_folder_is_refused(tmp_path: Path) -> None:
    own = tmp_path.stat().st_uid
    make_socket_folder(tmp_path / "new", {own})
    make_socket_folder(tmp_path / "new", {own})
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    with pytest.raises(HomeUnusable, match="belongs to someone else"):
        make_socket_folder(tmp_path / "new", {own + 1})
    (tmp_path / "new").chmod(0o755)
    with pytest.raises(HomeUnusable, match="open to others"):
        make_socket_folder(tmp_path / "new", {own})
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(HomeUnusable):
        make_socket_folder(tmp_path / "link", {own})
