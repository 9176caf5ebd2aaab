"""Leases: rules of their holder and numbers."""

from apiserver.registry.field_errors import FieldError, invalid
from apiserver.registry.strategy import Strategy
from protos.kinds import LEASES
from protos.kubernetes.coordination_pb2 import Lease


class LeaseStrategy(Strategy):
    """Leases."""

    def __init__(self) -> None:
        super().__init__(LEASES)

    def validate(self, new: Lease) -> list[FieldError]:
        spec = new.spec
        errors: list[FieldError] = []
        if spec.HasField("holderIdentity") and not spec.holderIdentity:
            errors.append(invalid("spec.holderIdentity", "", "must not be empty"))
        if spec.HasField("leaseDurationSeconds") and spec.leaseDurationSeconds <= 0:
            errors.append(invalid("spec.leaseDurationSeconds", spec.leaseDurationSeconds, "must be greater than 0"))
        if spec.HasField("leaseTransitions") and spec.leaseTransitions < 0:
            text = "must be greater than or equal to 0"
            errors.append(invalid("spec.leaseTransitions", spec.leaseTransitions, text))
        return errors
