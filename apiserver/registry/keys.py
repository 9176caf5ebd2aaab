"""Where objects lie in the store, and how their bytes take a resourceVersion."""

from protos.kinds import Kind


def object_prefix(kind: Kind, namespace: str = "") -> str:
    """The prefix of a kind's objects, of one namespace or (empty) of all."""
    return f"/registry/{kind.resource}/{namespace}/" if namespace else f"/registry/{kind.resource}/"


def object_key(kind: Kind, namespace: str, name: str) -> str:
    """`/registry/<resource>/<namespace>/<name>`; cluster-scoped kinds have no namespace."""
    return object_prefix(kind, namespace if kind.namespaced else "") + name


def with_resource_version(value: bytes, revision: int) -> bytes:
    """An object's bytes as they are served.

    Protobuf merges repeated occurrences of a message field, so metadata (field 1) that holds the resourceVersion
    (field 6) alone can follow the stored bytes, which hold none.
    """
    text = str(revision).encode()
    return value + bytes((0x0A, len(text) + 2, 0x32, len(text))) + text
