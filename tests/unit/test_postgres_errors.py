"""What each error of PostgreSQL is taken for."""

from __future__ import annotations

import inspect
from collections import Counter

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Awaited, Outage
from handlers.postgres import (
    BY_CLASS,
    BY_STATE,
    RACES,
    REMEDIES,
    Verdict,
    as_outage,
    is_refused,
    outage,
    sqlstate,
    verdict,
    verdict_of_state,
)

AWAY, CONFLICT, REFUSED, BUG = Verdict.AWAY, Verdict.CONFLICT, Verdict.REFUSED, Verdict.BUG
# Written down here once more, code by code, so that a line that is lost or moved in the table shows.
EXPECTED: dict[str, Verdict] = {
    **dict.fromkeys(["08000", "08001", "08003", "08004", "08006", "08007", "08P01"], AWAY),
    **dict.fromkeys(["53000", "53100", "53200", "53300", "53400"], AWAY),
    **dict.fromkeys(["57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05"], AWAY),
    **dict.fromkeys(["58000", "58030", "58P01", "F0000", "F0001"], AWAY),
    **dict.fromkeys(["25006", "25P03", "25P04", "28000", "28P01", "3D000", "40003", "42501"], AWAY),
    **dict.fromkeys(["40000", "40001", "40P01", "55P03", "72000"], CONFLICT),
    **dict.fromkeys(["22001", "22003", "22008", "22021", "22P02", "22P05"], REFUSED),
    **dict.fromkeys(["23502", "23503", "23505", "23514", "23P01", "40002", "54000"], REFUSED),
    **dict.fromkeys(["0A000", "21000", "25000", "25P02", "42601", "42703", "42P01", "42883"], BUG),
    **dict.fromkeys(["55000", "55006", "P0001", "XX000", "XX001", "XX002", "", "99999"], BUG),
}
CLASSES = [
    kind
    for kind in vars(asyncpg.exceptions).values()
    if inspect.isclass(kind) and issubclass(kind, Exception) and not issubclass(kind, Warning)
]


@pytest.mark.parametrize(("state", "expected"), EXPECTED.items())
def test_each_state_is_taken_for_what_it_is(state: str, expected: Verdict) -> None:
    assert verdict_of_state(state) is expected
    error = asyncpg.PostgresError.new({"C": state, "M": "as the server says it"})
    assert (verdict(error), sqlstate(error)) == (expected, state)


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=6))
def test_every_state_has_one_meaning_and_an_unknown_one_is_a_bug(state: str) -> None:
    named = [table[key][0] for table, key in ((BY_STATE, state), (BY_CLASS, state[:2])) if key in table]
    assert verdict_of_state(state) is (named[0] if named else BUG)


@given(st.sampled_from(CLASSES))
def test_no_class_of_the_driver_is_two_things_at_once(kind: type[Exception]) -> None:
    """What the table says of a class's SQLSTATE and what is said of an error of that class are the same."""
    error = kind("text")
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.InvalidCachedStatementError):
        assert verdict(error) is verdict_of_state(sqlstate(error) or "")
    became = what_becomes_of(error)
    assert became is (Outage if verdict(error) in (AWAY, CONFLICT) else kind)


def test_the_tables_say_why_and_overlap_only_where_a_code_differs_from_its_class() -> None:
    assert all(reason for _, reason in (*BY_STATE.values(), *BY_CLASS.values()))
    assert not [code for code, (meaning, _) in BY_STATE.items() if BY_CLASS.get(code[:2], (None,))[0] is meaning]
    assert all(len(code) == 5 for code in BY_STATE)
    assert all(len(code) == 2 for code in BY_CLASS)
    assert {verdict_of_state(code) for code in RACES} == {REFUSED}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(111, "refused"), AWAY),
        (FileNotFoundError(2, "no such socket"), AWAY),
        (TimeoutError(), AWAY),
        (asyncpg.InterfaceError("pool is closing"), AWAY),
        (asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed"), BUG),
        (asyncpg.ClientConfigurationError("invalid DSN"), BUG),
        (asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"), AWAY),
        (asyncpg.TargetServerAttributeNotMatched("no primary"), AWAY),
        (asyncpg.OutdatedSchemaCacheError("another type"), CONFLICT),
        (asyncpg.InvalidCachedStatementError("the plan is invalid"), CONFLICT),
        (asyncpg.DataError("invalid input for query argument $1: 'x'"), REFUSED),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), REFUSED),
        (OverflowError("date value out of range"), REFUSED),
        (Awaited("an update before its anime"), BUG),
        (ValueError("ours"), BUG),
        (KeyError("ours"), BUG),
    ],
)
def test_what_has_no_state_is_taken_for_what_it_is(error: Exception, expected: Verdict) -> None:
    assert verdict(error) is expected


def test_a_schema_that_changed_under_a_statement_is_known_by_what_the_server_did() -> None:
    fields = {"C": "0A000", "M": "cached plan must not change result type", "R": "RevalidateCachedQuery"}
    assert verdict(asyncpg.PostgresError.new(fields)) is CONFLICT
    assert verdict(asyncpg.PostgresError.new(fields | {"R": "another function"})) is BUG


def test_a_missing_right_is_named_with_what_to_do() -> None:
    error = asyncpg.PostgresError.new({"C": "42501", "M": "permission denied for table anime"})
    said = str(as_outage(error))
    assert "permission denied for table anime; grant it: run deploy/postgres/roles.sql" in said
    assert not [state for state in REMEDIES if verdict_of_state(state) is not AWAY]


def test_an_outage_that_is_one_already_passes_as_it_is() -> None:
    first = Outage("NATS", "no answer")
    with pytest.raises(Outage) as caught, outage():
        raise first
    assert caught.value is first


@pytest.mark.parametrize(("state", "expected"), EXPECTED.items())
def test_a_transaction_that_failed_is_refused_or_was_in_the_way_or_it_raises(state: str, expected: Verdict) -> None:
    error = asyncpg.PostgresError.new({"C": state, "M": "as the server says it"})
    if expected in (REFUSED, CONFLICT):
        assert is_refused(error) is (expected is REFUSED)
        return
    with pytest.raises(Outage if expected is AWAY else type(error)) as caught:
        is_refused(error)
    assert error in (caught.value, caught.value.__cause__)


def test_the_examples_hold_each_verdict_more_than_once() -> None:
    assert min(Counter(EXPECTED.values()).values()) >= 5


def what_becomes_of(error: Exception) -> type[Exception]:
    try:
        with outage():
            raise error
    except Exception as raised:
        return type(raised)
