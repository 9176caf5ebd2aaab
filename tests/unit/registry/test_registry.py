"""The verbs, for any kind: metadata, optimistic concurrency, patches, deletion, namespaces."""

import json
from typing import Any

import pytest

from apiserver.registry import Patch
from apiserver.registry.errors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    StatusError,
    TooLarge,
)
from protos.api_pb2 import PatchType
from protos.kinds import CONFIG_MAPS, ENDPOINT_SLICES, EVENTS, NAMESPACES, NODES, PODS, SERVICES
from protos.kubernetes import core_pb2 as core
from protos.kubernetes.meta_pb2 import DeleteOptions, ObjectMeta, Preconditions
from tests.unit.registry.harness import NOW, Cluster, decode, message, run

CONFIG = "{metadata: {name: a}, data: {k: v}}"


def patch(
    cluster: Cluster, kind: PatchType.ValueType, content: Any, *, strict: bool = False
) -> tuple[core.ConfigMap, list[str]]:
    sent = Patch(kind, json.dumps(content).encode(), strict)
    written = run(cluster.registry.patch(CONFIG_MAPS, "default", "a", sent))
    return core.ConfigMap.FromString(written.object), list(written.warnings)


def test_new_object_gets_its_metadata_from_the_server(cluster: Cluster) -> None:
    given = message(CONFIG_MAPS, CONFIG)
    given.metadata.MergeFrom(ObjectMeta(uid="mine", generation=7, selfLink="x", deletionGracePeriodSeconds=3))
    given.metadata.creationTimestamp.seconds = 5
    meta = decode(CONFIG_MAPS, run(cluster.registry.create(CONFIG_MAPS, "default", given))).metadata
    assert (meta.name, meta.namespace, meta.creationTimestamp.seconds) == ("a", "default", NOW)
    assert len(meta.uid) == 36 and meta.uid != "mine"
    assert (meta.generation, meta.selfLink, meta.HasField("deletionGracePeriodSeconds")) == (0, "", False)
    assert meta.resourceVersion == str(cluster.store.revision)


def test_stored_bytes_hold_no_resource_version(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    stored = cluster.store.get("/registry/configmaps/default/a")
    assert stored is not None
    assert core.ConfigMap.FromString(stored.value).metadata.resourceVersion == ""
    assert cluster.get(CONFIG_MAPS, "a").metadata.resourceVersion == str(stored.mod_revision)


def test_generated_names_differ(cluster: Cluster) -> None:
    names = {cluster.create(CONFIG_MAPS, "{metadata: {generateName: a-}}").metadata.name for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 7 and name.startswith("a-") for name in names)
    long = cluster.create(CONFIG_MAPS, {"metadata": {"generateName": "a" * 80}}).metadata.name
    assert len(long) == 63


def test_requests_that_contradict_themselves(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    with pytest.raises(BadRequest, match="resourceVersion should not be set on objects to be created"):
        cluster.create(CONFIG_MAPS, "{metadata: {name: b, resourceVersion: '1'}}")
    with pytest.raises(BadRequest, match="the namespace of the provided object does not match"):
        cluster.create(CONFIG_MAPS, "{metadata: {name: b, namespace: other}}")
    with pytest.raises(BadRequest, match=r"the name of the object \(b\) does not match the name on the URL \(a\)"):
        run(cluster.registry.update(CONFIG_MAPS, "default", "a", message(CONFIG_MAPS, "{metadata: {name: b}}")))
    with pytest.raises(PreconditionFailed, match="UID in precondition: x, UID in object meta: "):
        run(cluster.registry.update(CONFIG_MAPS, "default", "a", message(CONFIG_MAPS, "{metadata: {name: a, uid: x}}")))


def test_what_is_there_and_what_is_not(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    with pytest.raises(AlreadyExists, match='configmaps "a" already exists'):
        cluster.create(CONFIG_MAPS, CONFIG)
    for call in (
        lambda: cluster.get(CONFIG_MAPS, "b"),
        lambda: cluster.delete(CONFIG_MAPS, "b"),
        lambda: cluster.patch(CONFIG_MAPS, "b", "{}"),
        lambda: run(cluster.registry.update(CONFIG_MAPS, "default", "b", message(CONFIG_MAPS, CONFIG))),
    ):
        with pytest.raises(NotFound) as caught:
            call()
        assert str(caught.value) == 'configmaps "b" not found'
    assert (caught.value.status.details.kind, caught.value.status.code) == ("configmaps", 404)


def test_stale_version_is_a_conflict_and_none_is_the_last_word(cluster: Cluster) -> None:
    first = cluster.create(CONFIG_MAPS, CONFIG)
    cluster.patch(CONFIG_MAPS, "a", "{data: {k: w}}")
    with pytest.raises(Conflict) as caught:
        cluster.update(CONFIG_MAPS, first)
    assert str(caught.value) == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    first.metadata.resourceVersion = ""
    assert cluster.update(CONFIG_MAPS, first).data["k"] == "v"
    first.metadata.resourceVersion = "x"
    with pytest.raises(Invalid, match="metadata.resourceVersion: Invalid value"):
        cluster.update(CONFIG_MAPS, first)


def test_update_without_change_writes_nothing(cluster: Cluster) -> None:
    before = cluster.create(CONFIG_MAPS, CONFIG)
    assert cluster.update(CONFIG_MAPS, before) == before
    assert cluster.patch(CONFIG_MAPS, "a", "{data: {k: v}}") == before
    assert before.metadata.resourceVersion == str(cluster.store.revision)


@pytest.mark.parametrize("kind", [CONFIG_MAPS, SERVICES, PODS], ids=lambda kind: str(kind.kind))
def test_empty_patch_writes_nothing(cluster: Cluster, kind: Any) -> None:
    """Reading and writing the JSON form changes no byte."""
    manifests = {
        "ConfigMap": CONFIG,
        "Service": "{metadata: {name: a}, spec: {type: LoadBalancer, ports: [{port: 80}]}}",
        "Pod": "{metadata: {name: a}, spec: {containers: [{name: c, image: i, livenessProbe: {grpc: {port: 1}}}]}}",
    }
    before = cluster.create(kind, manifests[kind.kind])
    assert cluster.patch(kind, "a", "{}") == before
    assert cluster.update(kind, before) == before


IMMUTABLE = ["creationTimestamp", "deletionTimestamp"]


@pytest.mark.parametrize("name", IMMUTABLE)
def test_immutable_metadata(cluster: Cluster, name: str) -> None:
    changed = cluster.create(CONFIG_MAPS, CONFIG)
    getattr(changed.metadata, name).seconds = 5
    with pytest.raises(Invalid) as caught:
        cluster.update(CONFIG_MAPS, changed)
    error = f'metadata.{name}: Invalid value: "1970-01-01T00:00:05Z": field is immutable'
    assert str(caught.value) == f'ConfigMap "a" is invalid: {error}'


def test_update_may_leave_out_what_the_server_knows(cluster: Cluster) -> None:
    before = cluster.create(CONFIG_MAPS, CONFIG)
    after = run(cluster.registry.update(CONFIG_MAPS, "default", "a", message(CONFIG_MAPS, CONFIG)))
    assert decode(CONFIG_MAPS, after) == before


def test_patch_types(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    assert dict(patch(cluster, PatchType.MERGE, {"data": {"k": None, "m": "1"}})[0].data) == {"m": "1"}
    operations = [{"op": "add", "path": "/data/n", "value": "2"}]
    assert dict(patch(cluster, PatchType.JSON, operations)[0].data) == {"m": "1", "n": "2"}
    strategic = {"data": {"$patch": "replace", "o": "3"}}
    assert dict(patch(cluster, PatchType.STRATEGIC_MERGE, strategic)[0].data) == {"o": "3"}


def test_patch_keeps_fields_of_a_newer_api(cluster: Cluster) -> None:
    """Field 1000 of the Service, of its spec and of its port."""
    newer = b"\xc2\x3e\x01x"
    service = message(SERVICES, "{metadata: {name: a}, spec: {ports: [{port: 80}]}}")
    for part in (service, service.spec, service.spec.ports[0]):
        part.MergeFromString(newer)
    created = decode(SERVICES, run(cluster.registry.create(SERVICES, "default", service)))
    assert cluster.patch(SERVICES, "a", "{}") == created
    patched = cluster.patch(SERVICES, "a", "{spec: {sessionAffinity: ClientIP}}")
    assert patched.SerializeToString().count(newer) == 3


def test_patch_names_unknown_fields(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    assert patch(cluster, PatchType.MERGE, {"metadata": {"foo": 1}})[1] == ['unknown field "metadata.foo"']
    with pytest.raises(BadRequest, match='strict decoding error: unknown field "foo"'):
        patch(cluster, PatchType.MERGE, {"foo": 1}, strict=True)


@pytest.mark.parametrize(
    ("kind", "content", "error", "text"),
    [
        (PatchType.MERGE, [], BadRequest, "expected a JSON object"),
        (
            PatchType.MERGE,
            {"data": {"k": 1}},
            BadRequest,
            "error decoding patch: data.k: expected a string, got the number 1",
        ),
        (PatchType.MERGE, {"kind": "Pod"}, BadRequest, "a patch cannot change kind from ConfigMap to Pod"),
        (
            PatchType.JSON,
            [{"op": "test", "path": "/data/k", "value": "x"}],
            Invalid,
            "testing value /data/k failed",
        ),
        (PatchType.STRATEGIC_MERGE, {"data": {"$patch": "x"}}, Invalid, "unknown patch directive"),
        (PatchType.MERGE, {"metadata": {"name": "b"}}, BadRequest, "does not match the name on the URL"),
        (PatchType.MERGE, {"metadata": {"resourceVersion": "1"}}, Conflict, "the object has been modified"),
    ],
)
def test_patches_that_are_refused(
    cluster: Cluster, kind: PatchType.ValueType, content: Any, error: type[StatusError], text: str
) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    with pytest.raises(error, match=text):
        patch(cluster, kind, content)


def test_patch_that_is_no_json(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    with pytest.raises(BadRequest, match="error decoding patch"):
        run(cluster.registry.patch(CONFIG_MAPS, "default", "a", Patch(PatchType.MERGE, b"{")))


def test_kinds_without_status_have_none(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    with pytest.raises(NotFound):
        cluster.patch(CONFIG_MAPS, "a", "{}", subresource="status")
    with pytest.raises(NotFound):
        cluster.patch(CONFIG_MAPS, "a", "{}", subresource="scale")


def test_object_beyond_the_limit(cluster: Cluster) -> None:
    with pytest.raises(TooLarge, match="the limit is 1572864"):
        cluster.create(
            EVENTS, {"metadata": {"name": "a"}, "involvedObject": {"namespace": "default"}, "message": "x" * 1572865}
        )


def test_delete_preconditions(cluster: Cluster) -> None:
    created = cluster.create(CONFIG_MAPS, CONFIG)
    with pytest.raises(PreconditionFailed, match="UID in precondition: x, UID in object meta"):
        cluster.delete(CONFIG_MAPS, "a", preconditions=Preconditions(uid="x"))
    with pytest.raises(PreconditionFailed, match="ResourceVersion in precondition: 1"):
        cluster.delete(CONFIG_MAPS, "a", preconditions=Preconditions(resourceVersion="1"))
    with pytest.raises(Invalid, match='propagationPolicy: Unsupported value: "x"'):
        cluster.delete(CONFIG_MAPS, "a", propagationPolicy="x")
    version = created.metadata.resourceVersion
    assert cluster.delete(CONFIG_MAPS, "a", preconditions=Preconditions(resourceVersion=version)).removed


def test_finalizers_keep_a_deleted_object(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, "{metadata: {name: a, finalizers: [a.b/c, d.e/f]}}")
    assert not cluster.delete(CONFIG_MAPS, "a").removed
    lingering = cluster.get(CONFIG_MAPS, "a")
    assert (lingering.metadata.deletionTimestamp.seconds, lingering.metadata.deletionGracePeriodSeconds) == (NOW, 0)
    cluster.now += 5
    assert not cluster.delete(CONFIG_MAPS, "a").removed
    assert cluster.get(CONFIG_MAPS, "a") == lingering
    with pytest.raises(Invalid, match=r'found new finalizers \[\]string\{"g.h/i"\}'):
        cluster.patch(CONFIG_MAPS, "a", "{metadata: {finalizers: [g.h/i]}}")
    manifest = message(CONFIG_MAPS, "{metadata: {name: a, namespace: default, finalizers: [a.b/c, d.e/f]}}")
    assert cluster.update(CONFIG_MAPS, manifest) == lingering
    cluster.patch(CONFIG_MAPS, "a", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a.b/c"]}})
    lingering = cluster.get(CONFIG_MAPS, "a")
    del lingering.metadata.finalizers[:]
    written = run(cluster.registry.update(CONFIG_MAPS, "default", "a", lingering))
    assert written.removed
    with pytest.raises(NotFound):
        cluster.get(CONFIG_MAPS, "a")


@pytest.mark.parametrize(
    ("options", "finalizers"),
    [
        ({"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
        ({"propagationPolicy": "Orphan"}, ["orphan"]),
        ({"orphanDependents": True}, ["orphan"]),
    ],
)
def test_propagation_is_a_finalizer(cluster: Cluster, options: dict[str, Any], finalizers: list[str]) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    assert not cluster.delete(CONFIG_MAPS, "a", **options).removed
    assert list(cluster.get(CONFIG_MAPS, "a").metadata.finalizers) == finalizers


def test_dry_runs_write_nothing(cluster: Cluster) -> None:
    cluster.create(CONFIG_MAPS, CONFIG)
    before = cluster.store.revision
    changed = message(CONFIG_MAPS, "{metadata: {name: a}, data: {k: w}}")
    run(cluster.registry.create(CONFIG_MAPS, "default", message(CONFIG_MAPS, "{metadata: {name: b}}"), dry_run=True))
    with pytest.raises(AlreadyExists):
        run(cluster.registry.create(CONFIG_MAPS, "default", changed, dry_run=True))
    written = run(cluster.registry.update(CONFIG_MAPS, "default", "a", changed, dry_run=True))
    assert decode(CONFIG_MAPS, written).data["k"] == "w"
    assert run(cluster.registry.delete(CONFIG_MAPS, "default", "a", DeleteOptions(), dry_run=True)).removed
    assert cluster.store.revision == before


def test_first_namespaces(cluster: Cluster) -> None:
    for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
        namespace = cluster.get(NAMESPACES, name, "")
        assert namespace.metadata.labels["kubernetes.io/metadata.name"] == name
        assert (namespace.status.phase, list(namespace.spec.finalizers)) == ("Active", ["kubernetes"])
    with pytest.raises(Forbidden) as caught:
        cluster.delete(NAMESPACES, "default", "")
    assert str(caught.value) == 'namespaces "default" is forbidden: this namespace may not be deleted'


def test_namespace_that_is_missing(cluster: Cluster) -> None:
    with pytest.raises(NotFound, match='namespaces "x" not found'):
        cluster.create(CONFIG_MAPS, CONFIG, "x")


def test_namespace_ends_when_its_finalizer_is_taken_off(cluster: Cluster) -> None:
    cluster.create(NAMESPACES, "{metadata: {name: x}}", "")
    cluster.create(CONFIG_MAPS, CONFIG, "x")
    cluster.patch(NAMESPACES, "x", "{spec: {finalizers: null}}", "")
    assert list(cluster.get(NAMESPACES, "x", "").spec.finalizers) == ["kubernetes"]
    assert not cluster.delete(NAMESPACES, "x", "").removed
    assert cluster.get(NAMESPACES, "x", "").status.phase == "Terminating"
    with pytest.raises(Forbidden) as caught:
        cluster.create(CONFIG_MAPS, "{metadata: {name: b}}", "x")
    assert caught.value.status.details.causes[0].reason == "NamespaceTerminating"
    cluster.patch(CONFIG_MAPS, "a", "{data: {k: w}}", "x")
    cluster.delete(CONFIG_MAPS, "a", "x")
    cluster.patch(NAMESPACES, "x", "{spec: {finalizers: null}}", "")
    with pytest.raises(NotFound):
        cluster.get(NAMESPACES, "x", "")


def test_cluster_scoped_objects_have_no_namespace(cluster: Cluster) -> None:
    with pytest.raises(Invalid, match="metadata.namespace: Forbidden: not allowed on this type"):
        cluster.create(NODES, "{metadata: {name: a, namespace: b}}", "")


def test_status_error_texts_name_the_group(cluster: Cluster) -> None:
    with pytest.raises(NotFound, match='endpointslices.discovery.k8s.io "a" not found'):
        cluster.get(ENDPOINT_SLICES, "a")
    with pytest.raises(Invalid) as caught:
        cluster.create(ENDPOINT_SLICES, "{metadata: {name: a}, endpoints: [], ports: []}")
    assert str(caught.value) == 'EndpointSlice.discovery.k8s.io "a" is invalid: addressType: Required value'
