"""The record is said four times: as pydantic types, as proto messages, in the database, in the index. They agree."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts import events, subjects
from contracts.gen import events_pb2, model_pb2
from contracts.model import anime_parts, character, enums
from contracts.payload_index import packaged_payload_index

EVENTS = (*subjects.EVENT_OF.values(), events.DeadLetterEvent, events.ScheduleTickEvent)
# Where the two have different names: the proto's are the specification's.
PROTO_NAME = {
    "AnimeValues": "AnimeData",
    "CharacterValues": "CharacterData",
    "Character": "CharacterData",
    "Episode": "EpisodeData",
    "Score": "ScoreCalculations",
}
TIMESTAMP = "google.protobuf.Timestamp"
SQL = Path(__file__).parents[2] / "streams" / "database" / "migrations" / "versions" / "0001_spine.sql"


def descriptor(model: type[BaseModel]) -> Descriptor:
    name = PROTO_NAME.get(model.__name__, model.__name__)
    for module in (events_pb2, model_pb2):
        found: Descriptor | None = module.DESCRIPTOR.message_types_by_name.get(name)
        if found is not None:
            return found
    raise AssertionError(f"{model.__name__} has no message {name}")


def reachable() -> list[type[BaseModel]]:
    """Every type that an event holds, the events first."""
    found: list[type[BaseModel]] = []
    waiting: list[type[BaseModel]] = list(EVENTS)
    while waiting:
        model = waiting.pop(0)
        if model not in found:
            found.append(model)
            for field in model.model_fields.values():
                waiting += [kind for kind in kinds(field.annotation) if issubclass(kind, BaseModel)]
    return found


def kinds(annotation: Any) -> Iterator[type[Any]]:
    """Every class that an annotation mentions."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        yield annotation
    for part in get_args(annotation):
        if not isinstance(part, FieldInfo):
            yield from kinds(part)


def shape(annotation: Any) -> tuple[str, Any, bool]:
    """How a field is written in Python: one, list or map; of what; and whether it may be None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return shape(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not type(None))
        kind, item, _ = shape(inner)
        return kind, item, True
    if origin is list:
        return "list", shape(get_args(annotation)[0])[1], False
    if origin is dict:
        key, value = get_args(annotation)
        kind, item, _ = shape(value)
        assert shape(key)[1] is str or issubclass(shape(key)[1], Enum), "keys are texts on the wire"
        return ("map of lists" if kind == "list" else "map"), item, False
    return "one", annotation, False


def proto_shape(field: FieldDescriptor) -> tuple[str, FieldDescriptor]:
    """The same for a proto field; the second is the field that holds an item."""
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        value = message.fields_by_name["value"]
        if value.message_type is not None and value.message_type.name.endswith("List"):
            return "map of lists", value.message_type.fields_by_name["items"]
        return "map", value
    return ("list" if field.is_repeated else "one"), field


MODELS = reachable()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_both_have_the_same_fields(model: type[BaseModel]) -> None:
    assert set(model.model_fields) == set(descriptor(model).fields_by_name)


def test_no_message_is_without_its_type() -> None:
    used = {descriptor(model).name for model in MODELS}
    every = {name for module in (events_pb2, model_pb2) for name in module.DESCRIPTOR.message_types_by_name}
    assert {name for name in every - used if not name.endswith("List")} == set()


def fields() -> Iterator[Any]:
    for model in MODELS:
        for name, field in model.model_fields.items():
            yield pytest.param(field, descriptor(model).fields_by_name[name], id=f"{model.__name__}.{name}")


@pytest.mark.parametrize(("field", "proto"), fields())
def test_each_field_is_of_the_same_kind_on_both_sides(field: FieldInfo, proto: FieldDescriptor) -> None:
    kind, item, is_optional = shape(field.annotation)
    proto_kind, proto_item = proto_shape(proto)
    assert kind == proto_kind
    if is_optional and kind == "one" and not _is_text_of_the_specification(proto):
        assert proto.has_presence, "what may be absent must be optional, else 0 and absent are one"
    if item in (int, float, bool) and kind == "one" and not proto.has_presence:
        assert not field.is_required(), "a required number without presence reads as missing when it is 0"
    assert _item_fits(item, proto_item), f"{item} does not fit {proto_item.full_name}"


def _is_text_of_the_specification(proto: FieldDescriptor) -> bool:
    # EpisodeAiredEvent.aired_at is a plain string there; an instant is never the empty text, so nothing is lost.
    return proto.full_name == "echora.events.v1.EpisodeAiredEvent.aired_at"


def _item_fits(item: Any, proto: FieldDescriptor) -> bool:
    if issubclass(item, BaseModel):
        return proto.message_type is not None and proto.message_type.name == descriptor(item).name
    if issubclass(item, Enum):
        # The specification has the status of an update as a text.
        return proto.type == FieldDescriptor.TYPE_STRING or (
            proto.enum_type is not None and proto.enum_type.name == item.__name__
        )
    if item is datetime:
        stamped = proto.message_type is not None and proto.message_type.full_name == TIMESTAMP
        return stamped or (proto.type == FieldDescriptor.TYPE_STRING and proto.name in ("aired", "aired_at"))
    if item is UUID:
        return proto.type == FieldDescriptor.TYPE_STRING
    allowed = {
        str: {FieldDescriptor.TYPE_STRING},
        bytes: {FieldDescriptor.TYPE_BYTES},
        bool: {FieldDescriptor.TYPE_BOOL},
        int: {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64},
        float: {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE},
    }
    return proto.type in allowed[item]


def test_every_field_is_described_on_both_sides() -> None:
    """A description shows in AsyncAPI, a comment in the .proto; nobody should have to guess in either."""
    text = "".join(path.read_text() for path in (SQL.parents[4] / "contracts" / "proto").rglob("*.proto"))
    for model in MODELS:
        body = re.search(rf"message {descriptor(model).name} {{\n(.*?)\n}}", text, re.DOTALL)
        assert body
        comments = {name: comment for comment, name in re.findall(r"// (.*)\n  \S.*?(\w+) = \d+;", body.group(1))}
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no description"
            assert comments.get(name), f"{descriptor(model).name}.{name} has no comment"


ENUMS = [
    kind
    for module in (enums, events)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Enum) and kind.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_enumerations_have_the_same_values_in_the_same_order(kind: type[Enum]) -> None:
    found: EnumDescriptor = next(
        module.DESCRIPTOR.enum_types_by_name[kind.__name__]
        for module in (events_pb2, model_pb2)
        if kind.__name__ in module.DESCRIPTOR.enum_types_by_name
    )
    names = [value.name for value in sorted(found.values, key=lambda value: value.number)]
    if kind is events.SyncUpdateType:
        assert names == [member.value for member in kind], "as the specification has it, without prefix"
        return
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).upper()
    assert names == [f"{prefix}_UNSPECIFIED", *(f"{prefix}_{member.value}" for member in kind)]


CONSTRAINED = {
    "anime_type": enums.AnimeType,
    "anime_status": enums.AnimeStatus,
    "anime_season": enums.Season,
    "anime_rating": enums.Rating,
    "anime_source_material": enums.SourceMaterial,
    "anime_character_role": enums.CharacterRole,
    "anime_relation_kind": enums.Relation,
    "anime_source_material_relation_kind": enums.Relation,
}


def test_the_database_allows_the_values_of_the_enumerations_and_no_others() -> None:
    found = dict(re.findall(r"CONSTRAINT (\w+) CHECK \(\w+ IN \(([^)]*)\)\)", SQL.read_text()))
    listed = {name: re.findall(r"'(\w+)'", values) for name, values in found.items()}
    assert listed == {name: [member.value for member in kind] for name, kind in CONSTRAINED.items()}


# seeds/event_schema_specification.md, message by message: the numbers that are kept for ever.
SPECIFIED = {
    "AnimeEnrichedEvent": {
        "event_id": 1,
        "timestamp": 2,
        "anime_id": 3,
        "anime": 4,
        "characters": 5,
        "episodes": 6,
        "enrichment_metadata": 7,
    },
    "AnimeCreatedEvent": {"event_id": 1, "timestamp": 2, "anime_id": 3},
    "EpisodeAiredEvent": {"event_id": 1, "timestamp": 2, "anime_id": 3, "source": 4, "aired_at": 5, "episode": 6},
    "AnimeUpdatedEvent": {
        "event_id": 1,
        "timestamp": 2,
        "anime_id": 3,
        "source": 4,
        "changed_fields": 5,
        "status": 6,
        "score": 7,
        "statistics": 8,
    },
    "AnimeSyncedEvent": {"event_id": 1, "timestamp": 2, "anime_id": 3, "changed_fields": 4, "update_type": 5},
    "EpisodeData": {
        "episode_number": 1,
        "title": 2,
        "title_japanese": 3,
        "title_romaji": 4,
        "synopsis": 5,
        "duration": 6,
        "filler": 7,
        "recap": 8,
        "score": 9,
        "aired": 10,
        "thumbnails": 11,
        "episode_pages": 12,
        "streaming": 13,
    },
    "ScoreCalculations": {"arithmetic_geometric_mean": 1, "arithmetic_mean": 2, "median": 3},
}
SPECIFIED_TYPES = {
    "AnimeUpdatedEvent.status": FieldDescriptor.TYPE_STRING,
    "EpisodeAiredEvent.aired_at": FieldDescriptor.TYPE_STRING,
    "EpisodeData.aired": FieldDescriptor.TYPE_STRING,
    "EpisodeData.score": FieldDescriptor.TYPE_FLOAT,
    "EpisodeData.episode_number": FieldDescriptor.TYPE_INT32,
    "EpisodeData.duration": FieldDescriptor.TYPE_INT32,
    "ScoreCalculations.median": FieldDescriptor.TYPE_FLOAT,
    "AnimeSyncedEvent.update_type": FieldDescriptor.TYPE_ENUM,
}


def message(name: str) -> Descriptor:
    found: Descriptor = next(
        module.DESCRIPTOR.message_types_by_name[name]
        for module in (events_pb2, model_pb2)
        if name in module.DESCRIPTOR.message_types_by_name
    )
    return found


@pytest.mark.parametrize("name", SPECIFIED)
def test_the_numbers_of_the_specification_are_kept(name: str) -> None:
    numbers = {field.name: field.number for field in message(name).fields}
    assert {field: numbers.get(field) for field in SPECIFIED[name]} == SPECIFIED[name]
    added = set(numbers.values()) - set(SPECIFIED[name].values())
    assert all(number > max(SPECIFIED[name].values()) for number in added), "what is added comes behind"


@pytest.mark.parametrize("path", SPECIFIED_TYPES)
def test_the_types_of_the_specification_are_kept(path: str) -> None:
    name, _, field = path.partition(".")
    assert message(name).fields_by_name[field].type == SPECIFIED_TYPES[path]


def test_the_sync_types_of_the_specification_are_kept() -> None:
    values = events_pb2.DESCRIPTOR.enum_types_by_name["SyncUpdateType"].values_by_name
    assert {name: value.number for name, value in values.items()} == {"PAYLOAD_ONLY": 0, "PAYLOAD_AND_VECTOR": 1}


def test_every_event_that_the_issue_names_is_there() -> None:
    named = {
        "AnimeEnrichedEvent AnimeCreatedEvent AnimeUpdatedEvent EpisodeAiredEvent CharacterUpdatedEvent",
        "AnimeSyncedEvent CharacterSyncedEvent EpisodeSyncedEvent AnimeDeletedEvent",
        "ScheduleTickEvent DeadLetterEvent ReviewReadyEvent",
    }
    assert {name for line in named for name in line.split()} == {kind.__name__ for kind in EVENTS}
    assert events_pb2.DESCRIPTOR.package == "echora.events.v1"


# The index's own field; every other one is a field of the anime.
OWN = {"entity_type"}
INDEX_TYPES = {
    FieldDescriptor.TYPE_ENUM: "keyword",
    FieldDescriptor.TYPE_STRING: "keyword",
    FieldDescriptor.TYPE_INT32: "integer",
    FieldDescriptor.TYPE_INT64: "integer",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_DOUBLE: "float",
    FieldDescriptor.TYPE_BOOL: "bool",
}


def test_every_indexed_payload_field_is_in_the_proto_and_of_its_type() -> None:
    anime = model_pb2.DESCRIPTOR.message_types_by_name["AnimeData"].fields_by_name
    for indexed in packaged_payload_index():
        if indexed.name in OWN:
            continue
        assert indexed.name in anime, f"{indexed.name} is indexed, but no field of the anime"
        field = anime[indexed.name]
        if indexed.name == "score":
            # Filtered by is one of the means: the arithmetic-geometric one (data-model.md).
            field = field.message_type.fields_by_name["arithmetic_geometric_mean"]
        assert INDEX_TYPES[field.type] == indexed.type
        assert indexed.is_list == field.is_repeated


def test_the_parts_that_only_maps_reach_are_compared_too() -> None:
    for part in (anime_parts.StaffMember, anime_parts.RelatedWork, anime_parts.Statistics, character.VoiceActor):
        assert part in MODELS
