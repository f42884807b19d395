"""Between protobuf messages and plain Python values, driven by the descriptors: no field is named twice.

Reading: a message becomes a dict of what is set, ready for pydantic to check. Writing: a pydantic value becomes a
message. Timestamps are aware datetimes in UTC, enumerations are the names without their prefix, a message that only
wraps a list is that list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, cast
from uuid import UUID

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel

from contracts.limits import LIST_ITEMS_MAX

Read = Callable[[Any], Any]
Write = Callable[[Any], Any]

_TIMESTAMP = Timestamp.DESCRIPTOR.full_name


def to_plain(message: ProtoMessage) -> dict[str, Any]:
    """What is set in `message`, by field name. Raises ValueError for a value that no field may hold."""
    readers = _readers(message.DESCRIPTOR)
    plain: dict[str, Any] = {}
    for field, value in message.ListFields():
        name, read = readers[field.number]
        known = value if read is None else read(value)
        if known is not None:
            plain[name] = known
    return plain


def to_message(model: BaseModel, message: ProtoMessage) -> ProtoMessage:
    """Fill `message` from `model`; None is left unset. Raises ValueError where a value does not fit its field."""
    _fill(message, model)
    return message


# --- reading ---------------------------------------------------------------------------------------------------


@cache
def _readers(descriptor: Descriptor) -> dict[int, tuple[str, Read | None]]:
    """By field number: the name, and how the value is read; None where it is taken as it is."""
    return {field.number: (field.name, _reader(field)) for field in descriptor.fields}


def _reader(field: FieldDescriptor) -> Read | None:
    entry = _map_entry(field)
    if entry is not None:
        return _map_reader(field.name, _item_reader(entry.fields_by_name["value"]))
    item = _item_reader(field)
    return _list_reader(field.name, item) if field.is_repeated else item


def _map_reader(name: str, item: Read | None) -> Read:
    if item is None:
        return lambda values: dict(_bounded(name, values))
    return lambda values: {key: item(value) for key, value in _bounded(name, values).items()}


def _list_reader(name: str, item: Read | None) -> Read:
    if item is None:
        return lambda values: list(_bounded(name, values))
    return lambda values: [item(value) for value in _bounded(name, values)]


def _bounded(name: str, values: Any) -> Any:
    """The values, unless there are more than any field may have: a megabyte of empty messages took three seconds to
    unfold before the types refused it, in which nothing else ran.
    """
    if len(values) > LIST_ITEMS_MAX:
        raise ValueError(f"{name}: {len(values)} values, a field may have {LIST_ITEMS_MAX}")
    return values


def _item_reader(field: FieldDescriptor) -> Read | None:
    if field.type == FieldDescriptor.TYPE_ENUM:
        names = _enum_names(cast("EnumDescriptor", field.enum_type))
        return lambda number: _named(names, number, field)
    if field.type == FieldDescriptor.TYPE_FLOAT:
        # A 32-bit float carries seven digits; without rounding 8.73 would come back as 8.729999542236328.
        return lambda value: float(f"{value:.7g}")
    if field.message_type is None:
        return None
    if field.message_type.full_name == _TIMESTAMP:
        return _instant
    name = field.name
    if _wraps_list(field.message_type):
        return lambda value: [to_plain(item) for item in _bounded(name, value.items)]
    return to_plain


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _instant(value: Timestamp) -> datetime:
    # Timestamp.ToDatetime takes three times as long; the year is checked with the field, the fraction here.
    if not 0 <= value.nanos < 1_000_000_000:
        raise ValueError(f"{value.nanos} nanoseconds are no part of a second")
    return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1_000)


def _same(value: Any) -> Any:
    return value


def _named(names: Mapping[int, str | None], number: int, field: FieldDescriptor) -> str | None:
    if number not in names:
        raise ValueError(f"{field.full_name}: the enumeration has no value {number}")
    return names[number]


@cache
def _enum_names(enum: EnumDescriptor) -> dict[int, str | None]:
    # PAYLOAD_ONLY of SyncUpdateType is a real value without prefix; elsewhere 0 means that nobody said.
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_"
    unprefixed = {value.number: value.name.removeprefix(prefix) for value in enum.values}
    return {number: None if name == "UNSPECIFIED" else name for number, name in unprefixed.items()}


# --- writing ---------------------------------------------------------------------------------------------------


@cache
def _writers(descriptor: Descriptor) -> dict[str, Callable[[ProtoMessage, Any], None]]:
    return {field.name: _writer(field) for field in descriptor.fields}


def _fill(message: ProtoMessage, model: BaseModel) -> None:
    writers = _writers(message.DESCRIPTOR)
    for name, value in model.__dict__.items():
        if value is not None:
            writers[name](message, value)


def _writer(field: FieldDescriptor) -> Callable[[ProtoMessage, Any], None]:
    name = field.name
    entry = _map_entry(field)
    if entry is not None:
        return _map_writer(name, entry.fields_by_name["value"])
    if field.message_type is not None and field.message_type.full_name == _TIMESTAMP:
        return lambda message, value: getattr(message, name).FromDatetime(value)
    if field.is_repeated:
        return _list_writer(name, field)
    if field.message_type is not None:
        return lambda message, value: _set_submessage(getattr(message, name), value)
    write = _scalar_writer(field)
    return lambda message, value: setattr(message, name, write(value))


def _set_submessage(message: ProtoMessage, value: BaseModel) -> None:
    message.SetInParent()  # An empty part that is there differs from one that is not.
    _fill(message, value)


def _list_writer(name: str, field: FieldDescriptor) -> Callable[[ProtoMessage, Any], None]:
    if field.message_type is not None:

        def write_messages(message: ProtoMessage, values: Any) -> None:
            target = getattr(message, name)
            for value in values:
                _fill(target.add(), value)

        return write_messages
    write = _scalar_writer(field)
    return lambda message, values: getattr(message, name).extend([write(value) for value in values])


def _map_writer(name: str, value_field: FieldDescriptor) -> Callable[[ProtoMessage, Any], None]:
    wrapped = value_field.message_type is not None and _wraps_list(value_field.message_type)

    def write_map(message: ProtoMessage, values: Mapping[Any, Any]) -> None:
        target = getattr(message, name)
        for key, value in values.items():
            if wrapped:
                items = target[_text(key)].items
                for item in value:
                    _fill(items.add(), item)
            elif value_field.message_type is not None:
                _set_submessage(target[_text(key)], value)
            else:
                target[_text(key)] = _text(value)

    return write_map


def _scalar_writer(field: FieldDescriptor) -> Write:
    if field.type == FieldDescriptor.TYPE_ENUM:
        numbers = {
            name: number
            for number, name in _enum_names(cast("EnumDescriptor", field.enum_type)).items()
            if name is not None
        }
        return lambda value: numbers[_text(value)]
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text
    return _same


def _text(value: Any) -> str:
    if isinstance(value, str) and not isinstance(value, Enum):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise ValueError(f"{type(value).__name__} has no form as text on the wire")


# --- shapes ----------------------------------------------------------------------------------------------------


def _map_entry(field: FieldDescriptor) -> Descriptor | None:
    """The key and value pair that a map field repeats, None for a field that is no map."""
    kind = field.message_type
    return kind if kind is not None and kind.GetOptions().map_entry else None


def _wraps_list(descriptor: Descriptor) -> bool:
    return descriptor.name.endswith("List") and [field.name for field in descriptor.fields] == ["items"]


def message_class(full_name: str, pool: Any) -> type[ProtoMessage]:
    """The generated class of a message by its full name."""
    found: type[ProtoMessage] = message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
    return found
