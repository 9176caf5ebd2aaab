"""Applies templates to JSON values. A missing field finds nothing (kubectl's --allow-missing-template-keys)."""

import json
import operator
from collections.abc import Callable, Iterator
from typing import Any

from svclab.cli.jsonpath import nodes
from svclab.cli.jsonpath.lexis import JSONPathError

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def to_text(template: nodes.Template, value: Any) -> str:
    """The template's text for a value; several results of one path are joined by spaces. Raises JSONPathError."""
    return "".join(_texts(template, value))


def find(template: nodes.Template, value: Any) -> list[Any]:
    """All values that the template's paths find, ranges unrolled. Raises JSONPathError."""
    found: list[Any] = []
    for node in template:
        if isinstance(node, nodes.Path):
            found.extend(_walk(node, value))
        elif isinstance(node, nodes.Range):
            for item in _walk(node.path, value):
                found.extend(find(node.body, item))
        else:
            found.append(node.text)
    return found


def _texts(template: nodes.Template, value: Any) -> Iterator[str]:
    for node in template:
        if isinstance(node, nodes.Text):
            yield node.text
        elif isinstance(node, nodes.Path):
            yield " ".join(as_text(item) for item in _walk(node, value))
        else:
            for item in _walk(node.path, value):
                yield from _texts(node.body, item)


def as_text(value: Any) -> str:
    """A found value as kubectl prints it: strings bare, objects and lists as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _walk(path: nodes.Path, value: Any) -> list[Any]:
    values = [value]
    for step in path.steps:
        values = [found for item in values for found in _step(step, item)]
    return values


def _step(step: nodes.Step, value: Any) -> list[Any]:
    match step:
        case nodes.Field(name):
            return [value[name]] if isinstance(value, dict) and name in value else []
        case nodes.Itself():
            return [value]
        case nodes.Wildcard():
            return _children(value)
        case nodes.Recursive():
            return list(_descend(value))
        case nodes.Union(paths):
            return [found for path in paths for found in _walk(path, value)]
        case nodes.Slice():
            return _slice(step, value)
        case nodes.Filter():
            return [item for item in _children(value) if _accepts(step, item)]


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return list(value) if isinstance(value, list) else []


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for child in _children(value):
        yield from _descend(child)


def _slice(step: nodes.Slice, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise JSONPathError(f"{as_text(value)} is not array or slice")
    if not step.single:
        return value[step.start : step.end : step.step]
    index = step.start or 0
    if not -len(value) <= index < len(value):
        raise JSONPathError(f"array index out of bounds: index {index}, length {len(value)}")
    return [value[index]]


def _accepts(condition: nodes.Filter, item: Any) -> bool:
    left = _operand(condition.left, item)
    if not condition.op:
        return bool(left)
    right = _operand(condition.right, item)
    if not left or not right:
        return False
    if len(left) > 1 or len(right) > 1:
        raise JSONPathError("can only compare one element at a time")
    try:
        return bool(_OPERATORS[condition.op](left[0], right[0]))
    except TypeError:
        return False


def _operand(operand: nodes.Operand, item: Any) -> list[Any]:
    return _walk(operand, item) if isinstance(operand, nodes.Path) else [operand]
