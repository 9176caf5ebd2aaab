"""The cloud's own API, as a cloud provider's would be: idempotent `ensure` and `delete`, with its faults."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from cloud_controller.faults import AddressLost, CloudError, Fault
from cloud_controller.ledger import Entry, Ledger
from cloud_controller.pool import Address, Exhausted, Pool, Unavailable
from cloud_controller.request import LoadBalancerRequest

READDRESS_SECONDS = 2.0  # how long a Service is without an address, when it changes


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
            self._strike(entry)
            entry = self._readdressed(request, entry)
            self._await_another(entry)
            entry = replace(entry, addresses=self._addresses(request, entry))
        finally:
            self._ledger.put(entry)
        return entry.addresses

    def _readdressed(self, request: LoadBalancerRequest, entry: Entry) -> Entry:
        """The entry without its addresses, once for each time that they shall change."""
        fault = next((text for text in (request.fault, self._fault) if text.startswith("readdress")), "")
        if not fault or entry.readdressed == fault:
            return entry
        if not entry.addresses:
            return replace(entry, readdressed=fault)
        return replace(entry, addresses=(), readdressed=fault, lost=entry.addresses, lost_at=self._clock())

    def _await_another(self, entry: Entry) -> None:
        left = entry.lost_at + READDRESS_SECONDS - self._clock()
        if entry.lost and not entry.addresses and left > 0:
            lost = ", ".join(map(str, entry.lost))
            raise AddressLost(f"{lost} was taken away, another address will be assigned", retry=left)

    def _seen(self, request: LoadBalancerRequest) -> Entry:
        """The Service's entry, with the time at which it and its fault were first seen."""
        now = self._clock()
        entry = self._ledger.entries.get(request.uid) or Entry(request.uid, (), now)
        return entry if entry.fault == request.fault else replace(entry, fault=request.fault, faulty_since=now)

    def delete(self, uid: str, fault: str = "") -> None:
        """Frees what a Service has; nothing if it has nothing. Raises CloudError while the cloud's API is faulty."""
        entry = self._ledger.entries.get(uid)
        if entry is not None:
            entry = entry if entry.fault == fault else replace(entry, fault=fault, faulty_since=self._clock())
            self._ledger.put(entry)
            self._strike(entry, only="error")
        self._ledger.remove(uid)

    def forget(self, uid: str) -> None:
        """The same for a Service that is not there any more, which no fault can keep."""
        self._ledger.remove(uid)

    def held(self, uid: str) -> tuple[Address, ...]:
        """What a Service has, whatever it asks for."""
        entry = self._ledger.entries.get(uid)
        return entry.addresses if entry else ()

    def keep_only(self, uids: set[str]) -> None:
        """Frees what Services have that exist no more."""
        self._ledger.keep_only(uids)

    def _strike(self, entry: Entry, only: str = "") -> None:
        """Provisioning is slow from when it was asked for; other faults last from when they were seen."""
        for text, since in ((self._fault, self._faulty_since), (entry.fault, entry.faulty_since)):
            if only and not text.startswith(only):
                continue
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
            chosen.append(had[0] if had else self._choose(request, family, {*entry.lost}))
        return tuple(chosen)

    def _choose(self, request: LoadBalancerRequest, family: str, lost: set[Address]) -> Address:
        """A free address; one that was lost again only where there is no other."""
        wish = request.wish if request.wish and (":" in request.wish) == (family == "IPv6") else ""
        taken = self._ledger.taken
        with suppress(Exhausted, Unavailable):
            return self._pool.choose(family, taken | lost, wish)
        try:
            return self._pool.choose(family, taken, wish)
        except (Exhausted, Unavailable) as error:
            raise CloudError(str(error)) from None


def _family(address: Address) -> str:
    return f"IPv{address.version}"


def _is_wished(address: Address, request: LoadBalancerRequest) -> bool:
    """Whether an address that the Service has may stay: nothing else is wished in its family."""
    of_other_family = (":" in request.wish) != (address.version == 6)
    return not request.wish or of_other_family or request.wish == str(address)
