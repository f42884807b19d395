"""The fixtures of the suite, its seed, and the ledger printed at its end."""

from __future__ import annotations

import json
import os
import platform
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.faults.harness.lane import Lane, lane
from tests.faults.harness.ledger import BOOK, Sums, table
from tests.faults.harness.processes import Zygote
from tests.servers import NewDatabase, temporary_folder

SEED = os.environ.get("ECHORA_TEST_SEED") or str(random.SystemRandom().randrange(10**9))
IS_LONG = os.environ.get("ECHORA_TEST_FAULTS") == "long"
REPORT = Path(__file__).parents[2] / "build" / "faults.json"
NewLane: TypeAlias = Callable[..., AbstractAsyncContextManager[Lane]]


def chosen(short: Any, long: Any) -> Any:
    """A figure of the short form, or of the long one."""
    return long if IS_LONG else short


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Chance that follows from the run's seed and the test's name."""
    return random.Random(f"{SEED}:{request.node.name}")


@pytest.fixture
def sums(request: pytest.FixtureRequest) -> Sums:
    """The line of this test in the ledger."""
    return BOOK.of(request.node.name.removeprefix("test_").replace("_", " "))


@pytest.fixture(scope="session")
async def zygote() -> AsyncIterator[Zygote]:
    with temporary_folder() as folder:
        made = Zygote(folder)
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
def new_lane(zygote: Zygote, new_database: NewDatabase, migrated_template: str) -> NewLane:
    """Opens a lane on a database of its own."""

    @asynccontextmanager
    async def opened(**settings: str) -> AsyncIterator[Lane]:
        async with lane(zygote, await new_database(migrated_template), **settings) as one:
            yield one

    return opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the whole run left behind is searched at its end."""
    items.sort(key=lambda item: item.path.name == "test_canaries.py")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not BOOK.scenarios:
        return
    terminalreporter.section("ledger of the fault suite")
    for line in table(BOOK):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"seed {SEED}: ECHORA_TEST_SEED={SEED} repeats this run")
    REPORT.parent.mkdir(exist_ok=True)
    about = {"seed": SEED, "form": "long" if IS_LONG else "short", "cores": os.cpu_count()}
    about["python"] = platform.python_version()
    REPORT.write_text(json.dumps(about | BOOK.as_json(), indent=1), encoding="utf-8")
