"""What a Service's author should know though the Service is valid."""

from collections.abc import Iterator

from apiserver.registry.addresses import address_warnings, cidr_warnings
from apiserver.registry.service.facts import EXTERNAL_NAME, is_headless
from protos.kubernetes.core_pb2 import Service

_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"


def service_warnings(service: Service) -> Iterator[str]:
    """Kubernetes' warnings, in its words."""
    spec = service.spec
    if _TOPOLOGY_HINTS in service.metadata.annotations:
        yield f"annotation {_TOPOLOGY_HINTS} is deprecated, please use {_TOPOLOGY_MODE} instead"
    if is_headless(service):
        yield from _headless_warnings(service)
    else:
        for index, text in enumerate(spec.clusterIPs):
            yield from address_warnings(f"spec.clusterIPs[{index}]", text)
    for index, text in enumerate(spec.externalIPs):
        yield from address_warnings(f"spec.externalIPs[{index}]", text)
    yield from address_warnings("spec.loadBalancerIP", spec.loadBalancerIP)
    for index, text in enumerate(spec.loadBalancerSourceRanges):
        yield from cidr_warnings(f"spec.loadBalancerSourceRanges[{index}]", text.strip())
    if spec.type == EXTERNAL_NAME and spec.externalIPs:
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if spec.type != EXTERNAL_NAME and spec.externalName:
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.trafficDistribution == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _headless_warnings(service: Service) -> Iterator[str]:
    spec = service.spec
    if spec.loadBalancerIP:
        yield "spec.loadBalancerIP is ignored for headless services"
    if spec.externalIPs:
        yield "spec.externalIPs is ignored for headless services"
    if spec.sessionAffinity not in ("", "None"):
        yield "spec.SessionAffinity is ignored for headless services"
