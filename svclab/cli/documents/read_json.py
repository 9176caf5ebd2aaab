"""JSON text to documents: one value, or several one after another."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from svclab.cli.documents.document import Document, Malformed


def read(text: str) -> Iterator[Document]:
    """The values of a JSON text. Raises Malformed."""
    number, at = 0, 0
    while (at := _next(text, at)) < len(text):
        number += 1
        duplicates: list[str] = []
        decoder = json.JSONDecoder(object_pairs_hook=_pairs_hook(duplicates), parse_constant=_refuse_constant)
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise Malformed(error.msg, number, error.lineno) from error
        except RecursionError as error:
            raise Malformed("nested too deeply", number, 0) from error
        except ValueError as error:
            raise Malformed(str(error), number, 0) from error
        yield Document(value, number, text.count("\n", 0, at) + 1, {}, tuple(duplicates))
        at = end


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _pairs_hook(duplicates: list[str]) -> Any:
    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            duplicates.extend(key for key, count in counts.items() if count > 1)
        return built

    return build


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not allowed in JSON")
