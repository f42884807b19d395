"""Fixtures for the tests of the embedded servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.embedded import Home
from tests.servers import temporary_folder, temporary_home


@pytest.fixture
def home() -> Iterator[Home]:
    with temporary_home() as opened:
        yield opened


@pytest.fixture
def folder() -> Iterator[Path]:
    with temporary_folder() as made:
        yield made
