"""The strategy of Services: defaults, families, allocation, transitions and rules, in Kubernetes' order."""

from collections.abc import Set
from random import Random

from apiserver.allocation.claims import Claims
from apiserver.registry.field_errors import FieldError
from apiserver.registry.keys import object_key
from apiserver.registry.network import ClusterNetwork
from apiserver.registry.service import families
from apiserver.registry.service.address_rules import validate_addresses
from apiserver.registry.service.allocation import ServiceAllocator, held_keys
from apiserver.registry.service.defaults import set_defaults
from apiserver.registry.service.facts import EXTERNAL_NAME, needs_cluster_ip
from apiserver.registry.service.spec_rules import validate_service
from apiserver.registry.service.transitions import carry_allocated, drop_type_dependent
from apiserver.registry.service.update_rules import validate_service_status, validate_service_update
from apiserver.registry.service.warnings import service_warnings
from apiserver.registry.strategy import Strategy
from protos.kinds import ENDPOINTS, SERVICES
from protos.kubernetes.core_pb2 import Service
from protos.labels import dns1035_label_faults


class ServiceStrategy(Strategy):
    """Services. `metadata.generation` is not kept for them, as in Kubernetes."""

    has_status = True

    def __init__(self, network: ClusterNetwork, random: Random) -> None:
        super().__init__(SERVICES, dns1035_label_faults)
        self._network = network
        self._allocator = ServiceAllocator(network, random)

    def default(self, new: Service) -> None:
        set_defaults(new)

    def prepare_create(self, new: Service) -> None:
        new.ClearField("status")
        families.normalise_addresses(new, None)

    def prepare_update(self, new: Service, old: Service) -> None:
        super().prepare_update(new, old)
        carry_allocated(new, old)
        families.normalise_addresses(new, old)
        drop_type_dependent(new, old)

    def allocate(self, new: Service, old: Service | None, claims: Claims) -> list[FieldError]:
        if new.spec.type != EXTERNAL_NAME and not families.keeps_preferred(new, old):
            if errors := self._default_families(new, old):
                return errors
            errors = self._allocator.addresses(new, old, claims)
        else:
            errors = []
        errors += self._allocator.node_ports(new, claims)
        self._allocator.health_check_port(new, old, claims)
        return errors

    def _default_families(self, new: Service, old: Service | None) -> list[FieldError]:
        """Completes policy and families; what is wrong with them, since nothing can be chosen then."""
        families.default_policy(new, old)
        if errors := validate_addresses(new):
            return errors
        if old is not None and needs_cluster_ip(old):
            errors = families.release_secondary(new, old)
        return errors or families.choose_families(new, self._network)

    def allocations(self, value: Service) -> Set[str]:
        return held_keys(value)

    def validate(self, new: Service) -> list[FieldError]:
        return validate_service(new)

    def validate_update(self, new: Service, old: Service) -> list[FieldError]:
        return validate_service_update(new, old)

    def validate_status(self, new: Service, old: Service) -> list[FieldError]:
        return validate_service_status(new)

    def warnings(self, new: Service, old: Service | None) -> list[str]:
        return list(service_warnings(new))

    def dependents(self, old: Service) -> list[str]:
        return [object_key(ENDPOINTS, old.metadata.namespace, old.metadata.name)]
