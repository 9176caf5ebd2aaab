"""`-o custom-columns=NAME:.metadata.name,IP:.spec.clusterIP`, and the file form: a line of headers, a line of paths."""

from collections.abc import Sequence
from typing import Any

from svclab.cli import jsonpath
from svclab.cli.errors import CliError
from svclab.cli.jsonpath.evaluate import as_text
from svclab.cli.jsonpath.nodes import Template
from svclab.cli.tables import NONE, TableWriter


def columns_text(specification: str, values: Sequence[Any], *, headers: bool = True) -> str:
    """The table of the values. Raises CliError for a specification that cannot be read."""
    columns = _parse(specification)
    try:
        templates = [(header, jsonpath.relaxed(path)) for header, path in columns]
        rows = [[_cell(template, value) for _, template in templates] for value in values]
    except jsonpath.JSONPathError as error:
        raise CliError(f"custom-columns: {error}") from error
    if headers:
        rows.insert(0, [header for header, _ in columns])
    return TableWriter(()).align(rows)


def _parse(specification: str) -> list[tuple[str, str]]:
    lines = specification.strip().splitlines()
    if len(lines) > 1:
        headers, paths = lines[0].split(), lines[1].split()
        if len(headers) != len(paths):
            raise CliError(f"custom-columns: {len(headers)} headers, but {len(paths)} field specifications")
        return list(zip(headers, paths, strict=True))
    found = []
    for part in _split(specification):
        header, colon, path = part.partition(":")
        if not colon:
            raise CliError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        found.append((header, path))
    return found


def _split(text: str) -> list[str]:
    """Parts between commas outside of brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _cell(template: Template, value: Any) -> str:
    found = jsonpath.find(template, value)
    return ",".join(NONE if item is None else as_text(item) for item in found) or NONE
