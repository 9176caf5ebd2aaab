"""The cloud's own API, as a cloud provider's would be: idempotent `ensure` and `delete`, with its faults."""

from collections.abc import Callable
from dataclasses import replace

from cloud_controller.faults import CloudError, Fault
from cloud_controller.ledger import Entry, Ledger
from cloud_controller.pool import Address, Exhausted, Pool, Unavailable
from cloud_controller.request import LoadBalancerRequest


class Provider:
    """Gives addresses of a pool, and remembers in a ledger who has which. `clock`: seconds since the epoch."""

    def __init__(self, pool: Pool, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._ledger = ledger
        self._clock = clock
        self._fault = ""  # of every Service, beside its own
        self._faulty_since = 0.0

    def set_fault(self, fault: str) -> None:
        """A fault of every Service from now on; "" for none."""
        if fault != self._fault:
            self._fault, self._faulty_since = fault, self._clock()

    def ensure(self, request: LoadBalancerRequest) -> tuple[Address, ...]:
        """The addresses of a Service, one a family, chosen once. Raises CloudError with the reason for a user."""
        entry = self._seen(request)
        try:
            self._strike(request, entry)
            entry = self._provisioned(request, entry)
        finally:
            self._ledger.put(entry)
        return entry.addresses

    def _provisioned(self, request: LoadBalancerRequest, entry: Entry) -> Entry:
        readdress = next((text for text in (request.fault, self._fault) if text.startswith("readdress")), "")
        if readdress and entry.readdressed != readdress:
            return replace(entry, addresses=self._others(request), readdressed=readdress)
        return replace(entry, addresses=self._addresses(request, entry))

    def _seen(self, request: LoadBalancerRequest) -> Entry:
        """The Service's entry, with the time at which it and its fault were first seen."""
        now = self._clock()
        entry = self._ledger.entries.get(request.uid) or Entry(request.uid, (), now)
        return entry if entry.fault == request.fault else replace(entry, fault=request.fault, faulty_since=now)

    def delete(self, uid: str) -> None:
        """Frees what a Service has; nothing if it has nothing."""
        self._ledger.remove(uid)

    def keep_only(self, uids: set[str]) -> None:
        """Frees what Services have that exist no more."""
        self._ledger.keep_only(uids)

    def _strike(self, request: LoadBalancerRequest, entry: Entry) -> None:
        """Provisioning is slow from when it was asked for; other faults last from when they were seen."""
        for text, since in ((self._fault, self._faulty_since), (request.fault, entry.faulty_since)):
            try:
                fault = Fault.parse(text)
            except ValueError as error:
                raise CloudError(str(error)) from None
            if fault is not None:
                began = entry.asked if fault.kind == "slow" else max(entry.asked, since)
                fault.strike(self._clock() - began)

    def _addresses(self, request: LoadBalancerRequest, entry: Entry) -> tuple[Address, ...]:
        """What the Service has already, as far as it still asks for it, and what is missing."""
        chosen: list[Address] = []
        for family in request.families:
            had = [a for a in entry.addresses if _family(a) == family and a in self._pool and _is_wished(a, request)]
            chosen.append(had[0] if had else self._choose(request, family))
        return tuple(chosen)

    def _others(self, request: LoadBalancerRequest) -> tuple[Address, ...]:
        return tuple(self._choose(replace(request, wish=""), family) for family in request.families)

    def _choose(self, request: LoadBalancerRequest, family: str) -> Address:
        wish = request.wish if request.wish and (":" in request.wish) == (family == "IPv6") else ""
        try:
            return self._pool.choose(family, self._ledger.taken, wish)
        except (Exhausted, Unavailable) as error:
            raise CloudError(str(error)) from None


def _family(address: Address) -> str:
    return f"IPv{address.version}"


def _is_wished(address: Address, request: LoadBalancerRequest) -> bool:
    """Whether an address that the Service has may stay: nothing else is wished in its family."""
    of_other_family = (":" in request.wish) != (address.version == 6)
    return not request.wish or of_other_family or request.wish == str(address)
