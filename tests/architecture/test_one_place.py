"""What is done in one place is done nowhere else."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.architecture.source import ROOT, calls, dotted, trees

SETTLING = {"ack", "nak", "term", "ack_sync", "nack", "reject", "in_progress"}
PARSING = {"FromString", "ParseFromString", "MergeFromString"}
WRITING = {"SerializeToString", "SerializePartialToString"}
CLOCK_READS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "date.today",
    "datetime.date.today",
}
# Who else may read the machine's clock, and why. A simulated world must not stretch what these measure.
CLOCK_READERS = {
    "streams/clock.py": "it is the one place",
}


def where_called(names: set[str]) -> dict[str, set[str]]:
    """Files that call a method or function of these names, and which."""
    found: dict[str, set[str]] = {}
    for path, tree in trees().items():
        for call in calls(tree):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else dotted(call.func)
            if name in names:
                found.setdefault(path, set()).add(name)
    return found


def test_messages_are_settled_in_one_file() -> None:
    assert set(where_called(SETTLING)) == {"streams/delivery/settle.py"}


def test_protobuf_is_parsed_and_written_in_one_file() -> None:
    assert set(where_called(PARSING)) == {"contracts/codec.py"}
    # The other one writes a graph for onnxruntime, which happens to be protobuf too.
    assert set(where_called(WRITING)) - {"handlers/embedding/calibration.py"} == {"contracts/codec.py"}


def test_a_message_is_never_terminated() -> None:
    assert not [path for path, names in where_called(SETTLING).items() if "term" in names or "reject" in names]


def clock_reads(tree: ast.Module) -> set[str]:
    reads: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node) in CLOCK_READS:
            reads.add(dotted(node))
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            # A name imported from `time` would be called without its module, and escape the first look.
            reads |= {f"time.{name.name}" for name in node.names if f"time.{name.name}" in CLOCK_READS}
    return reads


def test_the_clock_is_read_in_one_place() -> None:
    found = {path: reads for path, tree in trees().items() if (reads := clock_reads(tree))}
    assert set(found) == set(CLOCK_READERS), found


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nnow = datetime.now(UTC)",
        "import time\nx = time.monotonic()",
        "from time import monotonic as m\nx = m()",
        "import datetime\nfield(default_factory=datetime.datetime.utcnow)",
    ],
)
def test_the_look_for_clock_reads_finds_them(text: str) -> None:
    assert clock_reads(ast.parse(text))


def test_the_look_for_clock_reads_lets_the_clock_that_is_passed_in_go() -> None:
    assert not clock_reads(ast.parse("clock.now(); clock.monotonic(); self.clock.now()"))


# Who else may name an error of PostgreSQL, which, and why: it is about what was asked, not about an outage.
ERROR_NAMERS = {
    "handlers/postgres.py": None,
    "handlers/schedule/store.py": {"CheckViolationError"},  # An id that cannot be part of a subject is told as such.
    # Whether there is a schema, and whether we are let in, is asked at a start and answered with what to correct.
    "streams/database/migrate.py": {
        "InterfaceError",
        "UndefinedTableError",
        "InvalidAuthorizationSpecificationError",
        "InvalidCatalogNameError",
        "InsufficientPrivilegeError",
    },
}


def errors_named(tree: ast.Module) -> set[str]:
    """The driver's exceptions that a module names, as `asyncpg.X` or by importing X."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asyncpg"):
            names |= {name.name for name in node.names}
    return {name for name in names if is_error(getattr(asyncpg, name, None))}


def is_error(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, Exception)


def test_what_an_error_of_postgresql_means_is_said_in_one_place() -> None:
    found = {path: names for path, tree in trees().items() if (names := errors_named(tree))}
    assert found.keys() == ERROR_NAMERS.keys(), found
    assert {path: names for path, names in found.items() if ERROR_NAMERS[path] not in (None, names)} == {}


@pytest.mark.parametrize(
    "text",
    [
        "try: ...\nexcept (OSError, asyncpg.CannotConnectNowError): ...",
        "from asyncpg import InterfaceError",
        "from asyncpg.exceptions import DeadlockDetectedError as Deadlock",
        "import asyncpg as driver\nX = driver.exceptions.PostgresError",
    ],
)
def test_the_look_for_errors_of_postgresql_finds_them(text: str) -> None:
    assert errors_named(ast.parse(text))


def test_the_look_for_errors_of_postgresql_lets_its_other_names_go() -> None:
    assert not errors_named(ast.parse("import asyncpg\npool: asyncpg.Pool\nrow: asyncpg.Record"))


def test_streams_are_published_to_with_a_confirmation_and_by_nobody_but_the_publisher() -> None:
    # `client.publish` is core NATS; the pull loop uses it for its requests, which are no messages of a stream.
    publishing = {
        path
        for path, tree in trees().items()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("publish", "publish_async")
        and dotted(call.func).split(".")[-2:-1] in (["client"], ["jetstream"], ["broker"], ["context"])
    }
    assert publishing == {"streams/delivery/publish.py", "streams/delivery/pull.py"}


def test_no_module_holds_a_name_that_is_changed_later() -> None:
    changed = {
        path: [name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]
        for path, tree in trees().items()
    }
    assert {path: names for path, names in changed.items() if names} == {}


def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", ["contracts", "handlers", "streams"])
def test_every_file_says_what_it_is_for(package: str) -> None:
    silent = [path for path, tree in trees().items() if path.startswith(package) and not ast.get_docstring(tree)]
    assert silent == []
