"""Faults on demand: how a cloud misbehaves, for one Service by annotation or for all by `svclab cloud`.

fault := kind ["=" seconds]
kind  := "slow" (provisioning takes so long) | "error" (fails for so long) | "quota" | "readdress" (another address)
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["slow", "error", "quota", "readdress"]
DEFAULT_SECONDS: dict[str, float] = {"slow": 10.0, "error": 30.0, "quota": 0.0, "readdress": 0.0}


class CloudError(Exception):
    """The cloud says no; the text is the reason that a user reads in the event. `retry`: seconds, where known."""

    def __init__(self, text: str, retry: float | None = None) -> None:
        super().__init__(text)
        self.retry = retry


class AddressLost(CloudError):
    """The cloud took the address away that a Service had; it gets another one."""


@dataclass(frozen=True)
class Fault:
    """One fault; `seconds`: how long it lasts."""

    kind: Kind
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Fault | None":
        """None for "". Raises ValueError with one line for anything that is not a fault."""
        if not text:
            return None
        kind, _, seconds = text.partition("=")
        if kind not in DEFAULT_SECONDS:
            raise ValueError(f'fault "{text}": must be one of slow[=SECONDS], error[=SECONDS], quota, readdress')
        try:
            duration = float(seconds.removesuffix("s")) if seconds else DEFAULT_SECONDS[kind]
        except ValueError:
            raise ValueError(f'fault "{text}": "{seconds}" is not a number of seconds') from None
        return cls(kind, duration)  # type: ignore[arg-type]  # the keys of DEFAULT_SECONDS are the kinds

    def strike(self, age: float) -> None:
        """Raises CloudError while the fault lasts; `age`: seconds since it began."""
        left = self.seconds - age
        if self.kind == "quota":
            raise CloudError("quota exceeded: the project may have no more load balancers")
        if self.kind == "slow" and left > 0:
            raise CloudError(f"the load balancer is still being provisioned ({left:.0f} s left)", retry=left)
        if self.kind == "error" and left > 0:
            raise CloudError("the cloud's API answered 503: backend error", retry=min(left, 5.0))
