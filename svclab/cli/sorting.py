"""`--sort-by`."""

import re
from collections.abc import Sequence
from typing import Any

from protos.jsonform import to_object
from svclab.cli import jsonpath
from svclab.cli.errors import CliError

Natural = list[tuple[str, int, str]]


def sort_objects(objects: Sequence[Any], expression: str) -> list[Any]:
    """The objects in order of the field that a JSONPath expression names; those without it first. Raises CliError."""
    try:
        template = jsonpath.relaxed(expression)
        keys = [_key(jsonpath.find(template, to_object(item))) for item in objects]
    except jsonpath.JSONPathError as error:
        raise CliError(f'--sort-by "{expression}": {error}') from error
    if objects and not any(key[0] for key in keys):
        raise CliError(f'--sort-by "{expression}": couldn\'t find any field with this path in the list of objects')
    order = sorted(range(len(objects)), key=lambda at: keys[at])
    return [objects[at] for at in order]


def _key(found: list[Any]) -> tuple[int, float, Natural]:
    """Missing values, then numbers by size, then texts."""
    if not found or found[0] is None:
        return (0, 0.0, [])
    value = found[0]
    if isinstance(value, (int, float)):
        return (1, float(value), [])
    return (2, 0.0, natural(str(value)))


def natural(text: str) -> Natural:
    """The key by which kubectl sorts texts: the numbers in them by size, so that web-2 comes before web-10."""
    parts = re.findall("[0-9]+|[^0-9]", text)
    return [("0", int(part), part) if part.isascii() and part.isdigit() else (part, 0, "") for part in parts]
