"""YAML text to documents, through PyYAML's C parser. No tag is ever turned into anything but data."""

from collections.abc import Iterator
from typing import Any

import yaml

from svclab.cli.documents.document import Document, Malformed, child
from svclab.cli.documents.scalars import resolve

_MAX_REPEATED = 100_000  # nodes of one document that aliases repeat
_MERGE_KEY = "<<"
_TAG = "tag:yaml.org,2002:"
_PLAIN = "plain"  # a scalar without quotes and without a tag
_RESOLVED_TAGS = {_PLAIN, *(_TAG + name for name in ("bool", "float", "int", "null"))}


class _Loader(yaml.CSafeLoader):
    """Leaves it to us what a plain scalar means."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]


def read(text: str) -> Iterator[Document]:
    """The documents of a YAML text; empty ones are left out, but counted. Raises Malformed."""
    loader = _Loader(text)
    number = 1
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            document = _Reader(node, number).document()
            if document.value is not None:
                yield document
            number += 1
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line, _last_line(text)) + 1 if mark else 0
        raise Malformed(_problem(error, line), number, line) from error
    except yaml.YAMLError as error:
        raise Malformed(str(error).splitlines()[0], number, 0) from error
    except RecursionError as error:
        raise Malformed("nested too deeply", number, 0) from error
    finally:
        loader.dispose()


def _last_line(text: str) -> int:
    """The number, from 0, of the last line that has anything: what is not closed is missed behind it."""
    return text.rstrip().count("\n")


def _problem(error: yaml.MarkedYAMLError, line: int) -> str:
    context, begun = error.context, error.context_mark
    if context and begun and begun.line + 1 != line:
        context = f"{context} that begins in line {begun.line + 1}"
    return ", ".join(part for part in (context, error.problem) if part) or "not valid YAML"


class _Reader:
    """Turns the nodes of one document into values, and notes their lines."""

    def __init__(self, root: yaml.Node, number: int) -> None:
        self.root = root
        self.number = number
        self.lines: dict[str, int] = {}
        self.duplicates: list[str] = []
        self.seen: set[int] = set()
        self.repeated = 0
        self.open: set[int] = set()  # nodes that are being read: an alias to one of them never ends

    def document(self) -> Document:
        value = self.value(self.root, "")
        line = self.root.start_mark.line + 1
        return Document(value, self.number, line, self.lines, tuple(self.duplicates))

    def value(self, node: yaml.Node, path: str) -> Any:
        self.repeated += id(node) in self.seen
        self.seen.add(id(node))
        if self.repeated > _MAX_REPEATED:
            raise self.fault(node, "document contains excessive aliasing")
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if id(node) in self.open:
            raise self.fault(node, "anchor value contains itself")
        self.open.add(id(node))
        try:
            return self.mapping(node, path) if isinstance(node, yaml.MappingNode) else self.sequence(node, path)
        finally:
            self.open.discard(id(node))

    def scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == f"{_TAG}binary":
            return "".join(node.value.split())
        return resolve(node.value) if node.tag in _RESOLVED_TAGS else node.value

    def sequence(self, node: yaml.Node, path: str) -> list[Any]:
        items = []
        for at, item in enumerate(node.value):
            place = f"{path}[{at}]"
            self.lines[place] = item.start_mark.line + 1
            items.append(self.value(item, place))
        return items

    def mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value == _MERGE_KEY and key_node.tag == _PLAIN:
                merged.update(self.merge(value_node, path))
                continue
            key = self.key(key_node)
            place = child(path, key)
            if key in found:
                self.duplicates.append(place)
            self.lines[place] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, place)
        return merged | found

    def key(self, node: yaml.Node) -> str:
        """A key as JSON has it: a string."""
        if not isinstance(node, yaml.ScalarNode):
            raise self.fault(node, "a key must be a string")
        value = self.scalar(node)
        if isinstance(value, bool):
            return str(value).lower()
        return "null" if value is None else str(value)

    def merge(self, node: yaml.Node, path: str) -> dict[str, Any]:
        """What `<<` brings: the fields of one mapping or of several, earlier ones first."""
        if isinstance(node, yaml.SequenceNode):
            merged: dict[str, Any] = {}
            for item in reversed(node.value):
                merged.update(self.merge(item, path))
            return merged
        value = self.value(node, path)
        if not isinstance(value, dict):
            raise self.fault(node, "map merge requires map or sequence of maps as the value")
        return value

    def fault(self, node: yaml.Node, text: str) -> yaml.MarkedYAMLError:
        return yaml.constructor.ConstructorError(problem=text, problem_mark=node.start_mark)
