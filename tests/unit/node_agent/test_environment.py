import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.pods.environment import ConfigError, PodFacts, environment, expand, pod_field, service_variables
from protos.kubernetes import core_pb2, meta_pb2

POD = core_pb2.Pod(
    metadata=meta_pb2.ObjectMeta(name="web-1", namespace="ns", uid="u-1", labels={"app": "web", "tier": "x"}),
    spec=core_pb2.PodSpec(nodeName="node-1"),
)
FACTS = PodFacts(POD, ["10.244.1.2", "fd00::2"], ["172.30.0.2"])


def service(title: str, ip: str, namespace: str = "ns", **port: object) -> core_pb2.Service:
    ports = [core_pb2.ServicePort(**port)] if port else []  # type: ignore[arg-type]
    meta = meta_pb2.ObjectMeta(name=title, namespace=namespace)
    return core_pb2.Service(metadata=meta, spec=core_pb2.ServiceSpec(clusterIP=ip, ports=ports))


def variables(container: core_pb2.Container, **config_maps: core_pb2.ConfigMap) -> dict[str, str]:
    return environment(container, FACTS, [], config_maps.get, {})


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)", "x1y2"),
        ("$$(A)", "$(A)"),
        ("$(MISSING)", "$(MISSING)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$$$(A)", "$1"),
    ],
)
def test_references(text: str, result: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == result


@given(st.text(st.characters(exclude_characters="$")))
def test_text_without_dollars_is_itself(text: str) -> None:
    assert expand(text, {"A": "1"}) == text


def test_a_variable_may_use_earlier_ones_only() -> None:
    env = [core_pb2.EnvVar(name=n, value=v) for n, v in [("A", "$(B)"), ("B", "b"), ("C", "$(B)c")]]
    found = variables(core_pb2.Container(env=env))
    assert (found["A"], found["C"]) == ("$(B)", "bc")


def test_env_goes_over_env_from() -> None:
    source = core_pb2.ConfigMapEnvSource(localObjectReference=core_pb2.LocalObjectReference(name="cm"))
    container = core_pb2.Container(
        envFrom=[core_pb2.EnvFromSource(prefix="P_", configMapRef=source)],
        env=[core_pb2.EnvVar(name="P_a", value="mine")],
    )
    found = variables(container, cm=core_pb2.ConfigMap(data={"a": "1", "b": "2"}))
    assert (found["P_a"], found["P_b"]) == ("mine", "2")


def test_a_missing_config_map_is_named() -> None:
    reference = core_pb2.LocalObjectReference(name="cm")
    source = core_pb2.ConfigMapEnvSource(localObjectReference=reference)
    with pytest.raises(ConfigError, match='configmap "cm" not found'):
        variables(core_pb2.Container(envFrom=[core_pb2.EnvFromSource(configMapRef=source)]))
    source.optional = True
    assert "HOSTNAME" in variables(core_pb2.Container(envFrom=[core_pb2.EnvFromSource(configMapRef=source)]))


def test_a_missing_key_is_named() -> None:
    key = core_pb2.ConfigMapKeySelector(localObjectReference=core_pb2.LocalObjectReference(name="cm"), key="k")
    variable = core_pb2.EnvVar(name="X", valueFrom=core_pb2.EnvVarSource(configMapKeyRef=key))
    with pytest.raises(ConfigError, match="couldn't find key k in ConfigMap ns/cm"):
        variables(core_pb2.Container(env=[variable]), cm=core_pb2.ConfigMap())
    key.optional = True
    variable = core_pb2.EnvVar(name="X", valueFrom=core_pb2.EnvVarSource(configMapKeyRef=key))
    assert "X" not in variables(core_pb2.Container(env=[variable]), cm=core_pb2.ConfigMap())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("metadata.name", "web-1"),
        ("metadata.labels['app']", "web"),
        ("metadata.labels['none']", ""),
        ("metadata.labels", 'app="web"\ntier="x"'),
        ("spec.nodeName", "node-1"),
        ("status.podIP", "10.244.1.2"),
        ("status.podIPs", "10.244.1.2,fd00::2"),
        ("status.hostIP", "172.30.0.2"),
    ],
)
def test_fields_of_the_downward_api(path: str, text: str) -> None:
    assert pod_field(path, FACTS) == text


def test_a_field_that_is_not_offered() -> None:
    with pytest.raises(ConfigError, match="spec.containers"):
        pod_field("spec.containers", FACTS)


def test_service_links_have_dockers_names() -> None:
    found = service_variables(POD, [service("my-web", "10.96.0.7", name="http", port=80, protocol="TCP")])
    assert found == {
        "MY_WEB_SERVICE_HOST": "10.96.0.7",
        "MY_WEB_SERVICE_PORT": "80",
        "MY_WEB_SERVICE_PORT_HTTP": "80",
        "MY_WEB_PORT": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP_PROTO": "tcp",
        "MY_WEB_PORT_80_TCP_PORT": "80",
        "MY_WEB_PORT_80_TCP_ADDR": "10.96.0.7",
    }


def test_which_services_a_pod_sees() -> None:
    services = [
        service("headless", "None", port=80),
        service("external", ""),
        service("elsewhere", "10.96.0.8", "other", port=80),
        service("kubernetes", "10.96.0.1", "default", port=443),
        service("web", "10.96.0.7", port=80),
    ]
    hosts = {name for name in service_variables(POD, services) if name.endswith("_HOST")}
    assert hosts == {"KUBERNETES_SERVICE_HOST", "WEB_SERVICE_HOST"}
    without = core_pb2.Pod(metadata=POD.metadata, spec=core_pb2.PodSpec(enableServiceLinks=False))
    hosts = {name for name in service_variables(without, services) if name.endswith("_HOST")}
    assert hosts == {"KUBERNETES_SERVICE_HOST"}
