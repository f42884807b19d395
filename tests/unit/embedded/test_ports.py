"""Which port is chosen."""

from __future__ import annotations

import socket

import pytest

from streams.embedded.ports import LOOPBACK, choose_port, is_free


def test_the_port_of_before_is_taken_again_while_it_is_free() -> None:
    before = choose_port(None, seed="one")
    assert choose_port(before, seed="another") == before
    with socket.create_server((LOOPBACK, before)):
        assert not is_free(before)
        assert choose_port(before, seed="another") != before


def test_two_folders_start_their_search_at_different_places() -> None:
    assert choose_port(None, seed="one") != choose_port(None, seed="two")


@pytest.mark.parametrize("before", [None, "4222", 0, 80, 70_000, [4222], True])
def test_what_is_no_usable_port_is_not_taken(before: object) -> None:
    assert 20_000 <= choose_port(before, seed="one") < 32_768


def test_a_port_whose_last_connection_lingers_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            accepted, _ = server.accept()
            accepted.close()
    assert is_free(port)
