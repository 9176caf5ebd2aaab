"""Manifests: the objects of files, every one checked before the first of them is used."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from protos.jsonform import FormError, UnknownKind, from_object, to_object
from protos.kinds import Kind, kind_of
from svclab.cli import envelope
from svclab.cli.documents.document import Document, Malformed
from svclab.cli.errors import CliError
from svclab.cli.files import File, read_files
from svclab.cli.messages import warn

Validation = Literal["strict", "warn", "ignore"]


@dataclass(frozen=True)
class Manifest:
    """One object as a file gives it."""

    kind: Kind
    message: Any  # the typed object
    value: dict[str, Any]  # the JSON value that it was read from
    source: str  # the file's name

    @property
    def name(self) -> str:
        return str(self.message.metadata.name)

    @property
    def namespace(self) -> str:
        return str(self.message.metadata.namespace)


def read_manifests(
    names: Iterable[str],
    *,
    recursive: bool = False,
    validation: Validation = "warn",
    namespace: str = "default",
    enforce: bool = False,
) -> list[Manifest]:
    """The objects of all files, lists taken apart. Those that name no namespace get `namespace`, if it is not "".

    With `enforce`, another namespace is an error. Raises CliError: file, document, line, and what is wrong.
    """
    found: list[Manifest] = []
    for file in read_files(names, recursive=recursive):
        for document in read_documents(file):
            found.extend(_Reader(file, document, validation).manifests())
    for manifest in found if namespace else ():
        _settle_namespace(manifest, namespace, enforce)
    return found


def read_documents(file: File) -> list[Document]:
    """The documents of a file: YAML, JSON or Kubernetes' protobuf. Raises CliError."""
    try:
        if file.data.startswith(envelope.MAGIC):
            return [Document(to_object(item), at, 0) for at, item in enumerate(envelope.decode(file.data), 1)]
        return list(_text_documents(file.data.decode("utf-8-sig")))
    except Malformed as error:
        raise CliError(f"{_place(file.name, error.document, error.line)}: {error}") from error
    except UnicodeDecodeError as error:
        raise CliError(f"{file.name}: not UTF-8 text (byte {error.start})") from error
    except ValueError as error:
        raise CliError(f"{file.name}: {error}") from error


def _text_documents(text: str) -> Iterable[Document]:
    """JSON if it begins as JSON does, else YAML; a YAML flow mapping begins as JSON does, too."""
    from svclab.cli.documents import read_json, read_yaml

    if not text.lstrip().startswith("{"):
        return read_yaml.read(text)
    try:
        return list(read_json.read(text))
    except Malformed as json_error:
        try:
            return list(read_yaml.read(text))
        except Malformed:
            raise json_error from None


class _Reader:
    """Turns one document into manifests."""

    def __init__(self, file: File, document: Document, validation: Validation) -> None:
        self.file = file
        self.document = document
        self.validation = validation

    def manifests(self) -> Iterator[Manifest]:
        faults = [(path, f'duplicate key "{path}"') for path in self.document.duplicates]
        found = [self.manifest(value, path, faults) for value, path in _items(self.document.value, "")]
        if faults and self.validation == "strict":
            raise self.fault(faults[0][0], "; ".join(text for _, text in faults))
        for path, text in faults if self.validation == "warn" else ():
            warn(f"{self.place(path)}: {text}")
        yield from found

    def manifest(self, value: Any, path: str, faults: list[tuple[str, str]]) -> Manifest:
        warnings: list[str] = []
        try:
            message = from_object(value, warnings=warnings)
        except UnknownKind as error:
            raise self.fault(path, str(error)) from error
        except FormError as error:
            where = ".".join(part for part in (path, error.path) if part)
            raise self.fault(where, f"{_title(value)}{error}") from error
        for text in warnings:
            field = re.search('"(.*)"', text)
            faults.append((".".join(part for part in (path, field[1] if field else "") if part), text))
        return Manifest(kind_of(message), message, value, self.file.name)

    def place(self, path: str) -> str:
        return _place(self.file.name, self.document.number, self.document.line_of(path))

    def fault(self, path: str, text: str) -> CliError:
        return CliError(f"{self.place(path)}: {text}")


def _items(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    """The value itself, or the items of a List, ServiceList and the like; with their paths in the document."""
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        yield value, path
        return
    name, api_version = str(value.get("kind", "")), value.get("apiVersion")
    if not name.endswith("List"):
        yield value, path
        return
    type_meta = {"apiVersion": api_version, "kind": name.removesuffix("List")} if name != "List" else {}
    for at, item in enumerate(value["items"]):
        where = f"{path}.items[{at}]" if path else f"items[{at}]"
        yield from _items({**type_meta, **item} if isinstance(item, dict) else item, where)


def _place(name: str, document: int, line: int) -> str:
    return f"{name}: document {document}" + (f", line {line}" if line else "")


def _title(value: Any) -> str:
    """`Service "web": ` as far as the document says."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f'{value["kind"]} "{name}": ' if isinstance(name, str) else ""


def _settle_namespace(manifest: Manifest, namespace: str, enforce: bool) -> None:
    metadata = manifest.message.metadata
    if not manifest.kind.namespaced:
        metadata.namespace = ""
        return
    if enforce and metadata.namespace not in ("", namespace):
        raise CliError(
            f'the namespace from the provided object "{metadata.namespace}" does not match the namespace '
            f'"{namespace}". '
            f"You must pass '--namespace={metadata.namespace}' to perform this operation."
        )
    metadata.namespace = metadata.namespace or namespace
