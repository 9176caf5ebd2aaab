"""YAML in and out: what kubectl reads and prints."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from svclab.cli.documents import read_json, read_yaml
from svclab.cli.documents.document import Malformed
from svclab.cli.documents.write import to_yaml_text


def value_of(text: str) -> Any:
    return next(iter(read_yaml.read(text))).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True),
        ("Yes", True),
        ("on", True),
        ("off", False),
        ("N", False),
        ("~", None),
        ("", None),
        ("80", 80),
        ("010", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("-5", -5),
        ("1e3", 1000),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("1.2.3.4", "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("'80'", "80"),
        ('"yes"', "yes"),
        ("!!str 80", "80"),
        ("yesterday", "yesterday"),
    ],
)
def test_scalars_mean_what_they_mean_to_kubectl(text: str, value: Any) -> None:
    read = value_of(f"a: {text}")["a"]
    assert (type(read), read) == (type(value), value)


def test_keys_are_strings() -> None:
    assert value_of("80: a\ny: b\n~: c") == {"80": "a", "true": "b", "null": "c"}


def test_anchors_and_merge_keys() -> None:
    text = "base: &base {a: 1, b: 2}\nmade:\n  <<: *base\n  b: 3\n"
    assert value_of(text)["made"] == {"a": 1, "b": 3}


def test_documents_are_counted_and_lines_known() -> None:
    first, second = read_yaml.read("# nothing\n---\na:\n  b: [1]\n---\n\nc: 1\n")
    assert (first.number, first.line_of("a.b[0]"), first.line_of("a.x.y")) == (1, 4, 3)
    assert (second.number, second.line_of("c")) == (2, 7)


@pytest.mark.parametrize(
    ("text", "document", "line"),
    [
        ("a: 1\n---\nb:\n  c: 1\n d: 2\n", 2, 5),
        ("a: [1,\n", 1, 1),
        ("a: *nothing\n", 1, 1),
        ("a: &a [*a]\n", 1, 1),
        ("? [x]\n: 1\n", 1, 1),
        ("a: b: c\n", 1, 1),
        ("\tx: 1\n", 1, 1),
    ],
)
def test_malformed_yaml_names_document_and_line(text: str, document: int, line: int) -> None:
    with pytest.raises(Malformed) as caught:
        list(read_yaml.read(text))
    assert (caught.value.document, caught.value.line) == (document, line)
    assert "\n" not in str(caught.value)


def test_aliases_do_not_explode() -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]")
    with pytest.raises(Malformed, match="excessive aliasing"):
        list(read_yaml.read("\n".join(lines)))


def test_duplicate_keys_are_named() -> None:
    (document,) = read_yaml.read("a: {b: 1, b: 2}\nc: 1\nc: 2")
    assert document.duplicates == ("a.b", "c")
    (document,) = read_json.read('{"a": 1, "a": 2}')
    assert document.duplicates == ("a",)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a: 1\nb: [c, d\n", 2, "while parsing a flow sequence, did not"),
        ("a: 1\nb: [c, d\ne: f\n", 3, "while parsing a flow sequence that begins in line 2, did not"),
    ],
)
def test_where_what_is_not_closed_began(text: str, line: int, told: str) -> None:
    with pytest.raises(Malformed, match=told) as caught:
        list(read_yaml.read(text))
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "line"), [('{"a": 1,}', 1), ('{"a": 1}\n{"b"', 2), ('{"a": NaN}', 0), ("[" * 100_000, 0)]
)
def test_malformed_json(text: str, line: int) -> None:
    with pytest.raises(Malformed) as caught:
        list(read_json.read(text))
    assert caught.value.line == line


def test_text_is_quoted_as_kubectl_quotes_it() -> None:
    """The expected text was printed by kubectl 1.32 for the same values."""
    value = {
        "bool": "yes",
        "number": "80",
        "float": "1e3",
        "octal": "010",
        "date": "2001-01-01",
        "time": "1:30",
        "null": "null",
        "empty": "",
        "comment": "# hash",
        "colon": "a: b",
        "space": "trailing ",
        "block": "multi\nline\n",
        "strip": "multi\nno end",
        "tab": "tab\there",
        "plain": "10.0.0.1/8",
        "quote": 'say "hi"',
        "angle": "<none>",
        "list": [{"b": 1, "a": None}, "x"],
        "none": {},
        "nothing": [],
        "true": True,
    }
    assert to_yaml_text(value) == EXPECTED


EXPECTED = """\
angle: <none>
block: |
  multi
  line
bool: "yes"
colon: 'a: b'
comment: '# hash'
date: "2001-01-01"
empty: ""
float: "1e3"
list:
- a: null
  b: 1
- x
none: {}
nothing: []
"null": "null"
number: "80"
octal: "010"
plain: 10.0.0.1/8
quote: say "hi"
space: 'trailing '
strip: |-
  multi
  no end
tab: "tab\\there"
time: "1:30"
"true": true
"""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), JSON, min_size=1, max_size=4))
def test_what_is_printed_is_read_back(value: Any) -> None:
    assert value_of(to_yaml_text(value)) == value


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        list(read_yaml.read(text))
    except Malformed as error:
        assert "\n" not in str(error)


def test_other_parsers_agree_on_plain_values() -> None:
    text = to_yaml_text({"a": [1, "x", {"b": True}], "c": "line\nline\n"})
    assert yaml.safe_load(text) == value_of(text)
