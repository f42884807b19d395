from __future__ import annotations

import pytest

from tests.unit.http.fakes import Program


@pytest.fixture
def program() -> Program:
    return Program()
