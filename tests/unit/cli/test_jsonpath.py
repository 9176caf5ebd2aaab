"""kubectl's JSONPath dialect."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svclab.cli import jsonpath

LIST: dict[str, Any] = {
    "kind": "List",
    "items": [
        {"metadata": {"name": "a", "labels": {"app.io/x": "1"}}, "ports": [80, 81, 82], "up": True},
        {"metadata": {"name": "b"}, "ports": [90], "up": False, "weight": 2.5},
    ],
    "empty": None,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.kind}", "List"),
        ("{$.kind} {@.kind}", "List List"),
        ("kind: {.kind}!", "kind: List!"),
        ("{.items[*].metadata.name}", "a b"),
        ("{.items[0].ports[1:]}", "81 82"),
        ("{.items[0].ports[0:3:2]}", "80 82"),
        ("{.items[0].ports[-1]}", "82"),
        ("{.items[-1:].metadata.name}", "b"),
        ("{.items[0,1].metadata.name}", "a b"),
        ("{.items[*]['metadata.name','up']}", "a true b false"),
        (r"{.items[0].metadata.labels.app\.io/x}", "1"),
        (r"{.items[0].metadata.labels['app\.io/x']}", "1"),
        (
            '{range .items[*]}{.metadata.name}{"\\t"}{range .ports[*]}<{@}>{end}{"\\n"}{end}',
            "a\t<80><81><82>\nb\t<90>\n",
        ),
        ('{.items[?(@.metadata.name=="b")].ports}', "[90]"),
        ("{.items[?(@.weight>2)].metadata.name}", "b"),
        ("{.items[?(@.weight)].metadata.name}", "b"),
        ("{.items[?(@.up==true)].metadata.name}", "a"),
        ("{.items[?(@.metadata.name!='a')].metadata.name}", "b"),
        ("{..name}", "a b"),
        ("{.items[*].missing}", ""),
        ("{.empty}", ""),
        ("{.items[1].metadata}", '{"name":"b"}'),
        ("{.items[0].metadata.*}", '{"app.io/x":"1"} a'),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert jsonpath.to_text(jsonpath.parse(template), LIST) == text


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{.items[0", "unterminated array"),
        ("{.kind", "unclosed action"),
        ("{end}", "nothing to end"),
        ("{range .items[*]}x", "unclosed range"),
        ("{.items[x]}", "invalid array index"),
        ("{.items[::0]}", "step must be > 0"),
        ("{foo}", "unrecognized character"),
        ("{.items[9]}", "array index out of bounds: index 9, length 2"),
        ("{.kind[0]}", "is not array or slice"),
        ("{.items[?(@.ports[*]==1)]}", "one element at a time"),
    ],
)
def test_faults_say_what_is_wrong(template: str, reason: str) -> None:
    with pytest.raises(jsonpath.JSONPathError, match=reason):
        jsonpath.to_text(jsonpath.parse(template), LIST)


@pytest.mark.parametrize("expression", ["kind", ".kind", "{.kind}", "{kind}", " .kind "])
def test_relaxed_expressions(expression: str) -> None:
    assert jsonpath.find(jsonpath.relaxed(expression), LIST) == ["List"]


@given(st.text(alphabet="{}[]().*@$?'\"\\ ,:=<!ab01rangend", max_size=30))
def test_any_template_is_read_or_refused(template: str) -> None:
    try:
        jsonpath.to_text(jsonpath.parse(template), LIST)
    except jsonpath.JSONPathError as error:
        assert "\n" not in str(error)
