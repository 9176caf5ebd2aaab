"""Label and field selectors: grammar, errors in Kubernetes' words, and what matches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.kinds import EVENTS, NODES, PODS, SERVICES, Kind
from protos.kubernetes import core_pb2 as core
from protos.kubernetes import meta_pb2 as meta
from protos.selectors import FieldSelector, LabelSelector

MATCHES = [
    ("", {}, True),
    ("", {"a": "b"}, True),
    ("a", {"a": ""}, True),
    ("a", {}, False),
    ("!a", {}, True),
    ("! a", {"a": "b"}, False),
    ("a=b", {"a": "b"}, True),
    ("a == b", {"a": "c"}, False),
    ("a=", {"a": ""}, True),
    ("env!=prod", {}, True),
    ("env!=prod", {"env": "prod"}, False),
    ("env!=prod", {"env": "dev"}, True),
    ("a in (b, c)", {"a": "c"}, True),
    ("a in (b,c)", {}, False),
    ("a in (,b)", {"a": ""}, True),
    ("a in ()", {"a": ""}, True),
    ("a notin (b)", {}, True),
    ("a notin (b)", {"a": "b"}, False),
    ("in in (in)", {"in": "in"}, True),
    ("notin", {"notin": "x"}, True),
    ("a>1", {"a": "2"}, True),
    ("a>1", {"a": "x"}, False),
    ("a>1", {}, False),
    ("a<2", {"a": "-2"}, True),
    ("a=b,c!=d, !e", {"a": "b"}, True),
    ("a=b,c=d", {"a": "b"}, False),
    ("example.com/a=b", {"example.com/a": "b"}, True),
    ("a\t=\r\nb", {"a": "b"}, True),
]


@pytest.mark.parametrize(("text", "labels", "matches"), MATCHES)
def test_label_selectors(text: str, labels: dict[str, str], matches: bool) -> None:
    assert LabelSelector.parse(text).matches(labels) is matches


ERRORS = [
    (",", "unable to parse requirement: found ',', expected: !, identifier, or 'end of string'"),
    ("a,", "unable to parse requirement: found '', expected: identifier after ','"),
    ("a,,b", "unable to parse requirement: found ',', expected: identifier after ','"),
    ("a=b c", "unable to parse requirement: found 'c', expected: ',' or 'end of string'"),
    ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ("a in b", "unable to parse requirement: found 'b', expected: '('"),
    ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
    ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
    ("a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"),
    ("!", "unable to parse requirement: found '', expected: identifier"),
    ("=a", "unable to parse requirement: found '=', expected: identifier"),
    ("a>b", "values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer"),
]


@pytest.mark.parametrize(("text", "error"), ERRORS)
def test_malformed_label_selectors(text: str, error: str) -> None:
    with pytest.raises(ValueError) as caught:
        LabelSelector.parse(text)
    assert str(caught.value) == error


@pytest.mark.parametrize("text", ["-a=b", "a/b/c", "a=b*", "a=" + "x" * 64, "x" * 64])
def test_keys_and_values_are_labels(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid value|must be no more"):
        LabelSelector.parse(text)


@given(st.text(alphabet="ab,=!()< >in\t", max_size=12))
def test_any_text_is_a_selector_or_an_error(text: str) -> None:
    try:
        selector = LabelSelector.parse(text)
    except ValueError:
        return
    selector.matches({"a": "b"})


def test_structured_selectors() -> None:
    selector = meta.LabelSelector(matchLabels={"a": "b"})
    selector.matchExpressions.add(key="c", operator="NotIn", values=["d"])
    selector.matchExpressions.add(key="e", operator="DoesNotExist")
    parsed = LabelSelector.of(selector)
    assert parsed.matches({"a": "b"})
    assert not parsed.matches({"a": "b", "c": "d"})
    assert not parsed.matches({"a": "b", "e": ""})
    empty = meta.LabelSelector()
    empty.matchExpressions.add(key="c", operator="In")
    with pytest.raises(ValueError, match="values set can't be empty"):
        LabelSelector.of(empty)


POD = core.Pod(
    metadata=meta.ObjectMeta(name="web", namespace="default"),
    spec=core.PodSpec(nodeName="node-1", hostNetwork=True),
    status=core.PodStatus(
        phase="Running", podIP="10.0.0.1", podIPs=[core.PodIP(ip="10.0.0.1"), core.PodIP(ip="fd::1")]
    ),
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=web", True),
        ("metadata.name==web,metadata.namespace!=default", False),
        ("spec.nodeName=node-1,status.phase=Running", True),
        ("spec.nodeName=", False),
        ("spec.hostNetwork=true", True),
        ("status.podIPs=fd::1", True),
        ("status.podIPs!=10.0.0.1", False),
        ("metadata.name=we\\,b", False),
    ],
)
def test_field_selectors(text: str, matches: bool) -> None:
    selector = FieldSelector.parse(text)
    selector.check(PODS)
    assert selector.matches(POD) is matches


def test_events_are_selected_by_their_object() -> None:
    event = core.Event(
        involvedObject=core.ObjectReference(kind="Pod", name="web"), source=core.EventSource(component="c")
    )
    assert FieldSelector.parse("involvedObject.name=web,source=c").matches(event)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(PODS, "spec.foo=1"), (NODES, "metadata.namespace=a"), (SERVICES, "spec.selector=a"), (EVENTS, "x=y")],
)
def test_paths_that_cannot_be_selected(kind: Kind, text: str) -> None:
    path = text.partition("=")[0]
    with pytest.raises(ValueError, match=f"field label not supported: {path}"):
        FieldSelector.parse(text).check(kind)


@pytest.mark.parametrize("text", ["a", "a=b=c", "a=b\\x", "a>b"])
def test_malformed_field_selectors(text: str) -> None:
    with pytest.raises(ValueError, match="invalid"):
        FieldSelector.parse(text)


def test_escapes_stand_for_themselves() -> None:
    assert FieldSelector.parse("a=b\\,c\\=d\\\\").terms == (("a", True, "b,c=d\\"),)
