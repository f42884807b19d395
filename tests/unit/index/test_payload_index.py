"""The list of indexed payload fields."""

from __future__ import annotations

import pytest

from contracts.payload_index import IndexedField, packaged_payload_index, parse_payload_index

SPECIFIED = {
    "status": "keyword",
    "year": "integer",
    "score": "float",
    "genres": "keyword",
    "entity_type": "keyword",
    "episode_count": "integer",
}


def test_the_packaged_list_holds_the_specifications_fields_and_reasons_for_the_rest() -> None:
    fields = {field.name: field for field in packaged_payload_index()}
    assert {name: fields[name].type for name in SPECIFIED} == SPECIFIED
    assert [name for name, field in fields.items() if field.is_list] == ["genres"]
    assert all(field.reason for name, field in fields.items() if name not in SPECIFIED)


def test_a_list_of_values_is_marked() -> None:
    text = 'indexed_fields: [{name: a, type: "keyword[]", reason: why}, {name: b, type: bool}]'
    assert parse_payload_index(text) == (IndexedField("a", "keyword", True, "why"), IndexedField("b", "bool"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "indexed_fields"),
        ("[]", "indexed_fields"),
        ("indexed_fields: []", "indexed_fields"),
        ("indexed_fields: [{name: a}]", "entry 1"),
        ("indexed_fields: [{name: a, type: bool}, {name: b, type: bool, colour: red}]", "entry 2"),
        ("indexed_fields: [{name: a, type: text}]", "unknown type 'text'"),
        ("indexed_fields: [{name: a, type: bool}, {name: a, type: float}]", "twice: a"),
    ],
)
def test_a_wrong_list_says_where(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_payload_index(text)
