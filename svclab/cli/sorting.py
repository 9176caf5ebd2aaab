"""`--sort-by`."""

from collections.abc import Sequence
from typing import Any

from protos.jsonform import to_object
from svclab.cli import jsonpath
from svclab.cli.errors import CliError


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


def _key(found: list[Any]) -> tuple[int, float, str]:
    """Missing values, then numbers by size, then texts."""
    if not found or found[0] is None:
        return (0, 0.0, "")
    value = found[0]
    if isinstance(value, (int, float)):
        return (1, float(value), "")
    return (2, 0.0, str(value))
