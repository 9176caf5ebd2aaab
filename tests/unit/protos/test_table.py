"""Every message of ours agrees with Kubernetes, field by field: number, name, type, presence, JSON and patch rules."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from protos.fields import is_map, rules_of, value_descriptor
from protos.kubernetes import coordination_pb2, core_pb2, discovery_pb2, meta_pb2
from protos.kubernetes.options_pb2 import Omit

TABLE = Path(__file__).parent / "kubernetes-api.tsv"
FILES = [module.DESCRIPTOR for module in (meta_pb2, core_pb2, discovery_pb2, coordination_pb2)]
# Small messages that the table uses without listing them.
SMALL = {"Time", "MicroTime", "Duration", "IntOrString", "Quantity", "FieldsV1", "RawExtension", "TypeMeta", "Unknown"}
SCALARS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_BYTES: "bytes",
}


def table() -> dict[str, dict[int, dict[str, str]]]:
    rows: dict[str, dict[int, dict[str, str]]] = defaultdict(dict)
    with TABLE.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            rows[row["#message"]][int(row["number"])] = row
    return rows


ROWS = table()
MESSAGES = [
    message
    for file in FILES
    for message in file.message_types_by_name.values()
    if message.name not in SMALL and message.name != "WatchEvent" and not message.name.endswith("List")
]


def type_name(field: FieldDescriptor) -> str:
    if is_map(field):
        return f"string,{type_name(value_descriptor(field))}"
    if field.message_type is None:
        return SCALARS[field.type]
    name = field.message_type.full_name.removeprefix("k8s.")
    return field.message_type.name if field.message_type.name in SMALL else name


def label(field: FieldDescriptor) -> str:
    if field.is_repeated:
        return "map" if is_map(field) else "list"
    if field.message_type is not None:
        return "value" if rules_of(field).by_value else "pointer"
    return "pointer" if field.has_presence else "value"


def described(field: FieldDescriptor) -> dict[str, Any]:
    rules = rules_of(field)
    return {
        "proto_name": field.name,
        "json": "" if rules.inline else field.name,
        "type": type_name(field),
        "label": label(field),
        "omit": {Omit.EMPTY: "empty", Omit.NEVER: "no", Omit.ZERO: "zero"}[rules.omit],
        "inline": "inline" if rules.inline else "no",
        "merge_strategy": ",".join(rules.patch_strategy),
        "merge_key": rules.merge_key,
        "list_type": rules.list_type,
        "list_map_keys": ",".join(rules.list_map_key),
        "default": rules.default,
    }


def expected(row: dict[str, str]) -> dict[str, Any]:
    names = described(FILES[0].message_types_by_name["ListMeta"].fields[0]).keys()
    found = {name: row[name] or "" for name in names}
    found["inline"] = "inline" if row["inline"] not in ("no", "") else "no"
    # A default that is a constant of Go's source has no text that a .proto could hold.
    found["default"] = "" if row["default"].startswith("ref(") else row["default"].strip('"')
    return found


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.full_name)
def test_message_is_kubernetes(message: Descriptor) -> None:
    rows = ROWS[message.full_name.removeprefix("k8s.")]
    assert {field.number for field in message.fields} == set(rows)
    for field in message.fields:
        row = rows[field.number]
        # Go embeds one message without a name for protobuf; ours is called as the others are.
        wanted = {**expected(row), "proto_name": row["proto_name"] or field.name}
        assert described(field) == wanted, f"{message.full_name}.{field.name}"


def test_lists_hold_their_kind() -> None:
    messages = [message for file in FILES for message in file.message_types_by_name.values()]
    lists = [message for message in messages if message.name.endswith("List")]
    assert lists
    for message in lists:
        items = message.fields_by_name["items"]
        assert (message.fields_by_name["metadata"].number, items.number) == (1, 2)
        assert items.message_type is not None and items.message_type.name == message.name.removesuffix("List")
