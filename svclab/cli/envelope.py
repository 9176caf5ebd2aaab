"""Kubernetes' protobuf form of objects in files: the bytes `k8s\\0`, then an Unknown that names the kind."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from google.protobuf.message import DecodeError, Message

from protos.api_pb2 import ListResponse
from protos.jsonform import UnknownKind
from protos.kinds import BY_TYPE_META, Kind, kind_of
from protos.kubernetes import meta_pb2

MAGIC = b"k8s\x00"


def encode(objects: Sequence[Message]) -> bytes:
    """One object as it is; several of one kind as the kind's list; several kinds as a v1 List of envelopes."""
    if len(objects) == 1:
        return _wrap(kind_of(objects[0]).api_version, kind_of(objects[0]).kind, objects[0].SerializeToString())
    kinds = {kind_of(item).kind: kind_of(item) for item in objects}
    if len(kinds) == 1:
        kind = next(iter(kinds.values()))
        listed = _list_message(kind)(items=objects)
        return _wrap(kind.api_version, f"{kind.kind}List", listed.SerializeToString())
    raws = [meta_pb2.RawExtension(raw=encode([item])) for item in objects]
    return _wrap("v1", "List", _generic_list(raws))


def decode(data: bytes) -> list[Message]:
    """The objects of an envelope. Raises ValueError where it is none, UnknownKind for a kind that is not served."""
    if not data.startswith(MAGIC):
        raise ValueError("no Kubernetes protobuf: it does not begin with k8s\\0")
    try:
        unknown = meta_pb2.Unknown.FromString(data[len(MAGIC) :])
        return _objects(unknown)
    except DecodeError as error:
        raise ValueError(f"damaged protobuf: {error}") from error


def _objects(unknown: meta_pb2.Unknown) -> list[Message]:
    api_version, name = unknown.typeMeta.apiVersion, unknown.typeMeta.kind
    if (api_version, name) == ("v1", "List"):
        return [found for raw in _generic_items(unknown.raw) for found in decode(raw)]
    if kind := BY_TYPE_META.get((api_version, name)):
        return [kind.message.FromString(unknown.raw)]
    item_kind = BY_TYPE_META.get((api_version, name.removesuffix("List")))
    if item_kind is None:
        raise UnknownKind(f'no matches for kind "{name}" in version "{api_version}"')
    return list(_list_message(item_kind).FromString(unknown.raw).items)


def _wrap(api_version: str, kind: str, raw: bytes) -> bytes:
    unknown = meta_pb2.Unknown(typeMeta=meta_pb2.TypeMeta(apiVersion=api_version, kind=kind), raw=raw)
    return MAGIC + unknown.SerializeToString()


def _list_message(kind: Kind) -> Any:
    return getattr(import_module(f"protos.kubernetes.{kind.module}"), f"{kind.kind}List")


def _generic_list(raws: Sequence[meta_pb2.RawExtension]) -> bytes:
    """A v1 List has the fields of every list, and those are the fields of the API's own list response."""
    listed = ListResponse(metadata=meta_pb2.ListMeta(), items=[raw.SerializeToString() for raw in raws])
    return listed.SerializeToString()


def _generic_items(data: bytes) -> list[bytes]:
    return [meta_pb2.RawExtension.FromString(item).raw for item in ListResponse.FromString(data).items]
