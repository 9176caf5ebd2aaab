"""Objects as messages and as stored bytes."""

from apiserver.registry import metadata
from apiserver.registry.errors import BadRequest, Invalid, PreconditionFailed, TooLarge
from apiserver.registry.strategy import Object
from protos.kinds import Kind

OBJECT_LIMIT = 1536 * 1024  # bytes, as etcd's default limit of a request


def copy(message: Object) -> Object:
    """A message of its own, with the same content."""
    made = type(message)()
    made.CopyFrom(message)
    return made


def decode(kind: Kind, value: bytes) -> Object:
    """The object of stored bytes."""
    return kind.message.FromString(value)


def encode(value: Object) -> bytes:
    """The bytes to store, equal for equal objects. Raises TooLarge."""
    encoded: bytes = value.SerializeToString(deterministic=True)
    if len(encoded) > OBJECT_LIMIT:
        raise TooLarge(f"the object has {len(encoded)} bytes; the limit is {OBJECT_LIMIT}")
    return encoded


def check_identity(kind: Kind, namespace: str, name: str, new: Object, old: Object) -> None:
    """Raises BadRequest, PreconditionFailed or Invalid when a body means another object than the request."""
    meta = new.metadata
    if kind.namespaced:
        metadata.check_namespace(meta, namespace)
    if meta.name and meta.name != name:
        raise BadRequest(f"the name of the object ({meta.name}) does not match the name on the URL ({name})")
    meta.name = name
    if meta.uid and meta.uid != old.metadata.uid:
        text = f"UID in precondition: {meta.uid}, UID in object meta: {old.metadata.uid}"
        raise PreconditionFailed(kind, name, f"Precondition failed: {text}")
    if errors := metadata.check_resource_version(meta):
        raise Invalid(kind, name, errors)
