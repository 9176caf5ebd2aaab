"""One pass from the cluster's state to the kernel: everything, or only what changed."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from node_agent.nft.kernel import Nft, NftError, NftTooLarge
from node_agent.nft.objects import Table
from node_agent.nft.transaction import AddElements, Change, PutChains, RefillTable, ReplaceTable, Transaction
from node_agent.proxy import rules
from node_agent.proxy.changes import Changes
from node_agent.proxy.claims import Claimed, Claims, claims_of
from node_agent.proxy.desired import Desired, Difference
from node_agent.proxy.elements import Compiler, Treatment
from node_agent.proxy.facts import NodeFacts, ServiceName, ServicePort, ServicePortName
from node_agent.proxy.topology import Categorized, categorize_endpoints

PIECE = 1000  # elements; some 120 kB

log = logging.getLogger(__name__)

FAMILIES: tuple[rules.Family, ...] = ("ip", "ip6")


class Served(NamedTuple):
    """A svc-port as this node serves it; `held`: the addresses that it answers on, of both families.

    `lost`: those that it claims too, and who answers there. `serving`: of a UDP svc-port the address and port of each
    endpoint that serves, whether this node would choose it for a new flow or not.
    """

    port: ServicePort
    endpoints: dict[rules.Family, Categorized]
    held: Claimed
    lost: dict[str, ServicePortName]
    serving: frozenset[tuple[str, int]] = frozenset()

    @property
    def lacks_local(self) -> bool:
        """Whether a policy Local drops here what another node would serve."""
        return any(found.has_any and not found.local for found in self.endpoints.values())


class Outcome(NamedTuple):
    """What a pass looked at: the svc-ports that are there, and those that are not any more."""

    ports: dict[ServicePortName, Served]
    gone: set[ServicePortName]


class FamilyTable:
    """The table of one family as it should be. Chains stay, since another Service may soon need them."""

    def __init__(self, family: rules.Family, node: NodeFacts) -> None:
        self._family = family
        self._node = node
        self._compiler = Compiler(family, node)
        self._desired = Desired()
        self._chains: frozenset[Treatment] = frozenset()  # that the kernel has

    def change(self, ports: Mapping[ServicePortName, Served], gone: Iterable[ServicePortName]) -> list[Change]:
        """What brings the kernel's table from before these svc-ports to after them."""
        difference, missing = self._update(ports, gone)
        changes = difference.transaction(self._family).changes
        if missing:
            chains = rules.choosing(self._family, missing)
            verdicts = rules.verdicts(missing)
            changes.insert(0, AddElements(self._family, rules.TABLE, "treatments", verdicts))
            changes.insert(0, PutChains(self._family, rules.TABLE, chains))
        return changes

    def whole(self, ports: Mapping[ServicePortName, Served], service_ranges: Iterable[str]) -> Table:
        """All of it, when nothing was in it before."""
        difference, treatments = self._update(ports, ())
        made = rules.table(self._family, self._node, service_ranges, treatments)
        return rules.with_elements(made, difference.new, treatments)

    def _update(
        self, ports: Mapping[ServicePortName, Served], gone: Iterable[ServicePortName]
    ) -> tuple[Difference, frozenset[Treatment]]:
        """The difference in elements, and the treatments that were not there before."""
        compiled = {
            name: self._compiler.elements(served.port, served.endpoints[self._family], served.held)
            for name, served in ports.items()
        }
        difference = self._desired.update(compiled | dict.fromkeys(gone, {}))
        missing = self._compiler.treatments - self._chains
        self._chains |= missing
        return difference, frozenset(missing)


class Sync:
    """Keeps both tables equal to the state in `changes`. Trusts its memory of the kernel until a pass fails."""

    def __init__(self, changes: Changes, nft: Nft, service_ranges: Iterable[str]) -> None:
        self._changes = changes
        self._nft = nft
        self._ranges = tuple(service_ranges)
        self._node = NodeFacts("")
        self._claims = Claims()
        self._known: dict[ServiceName, set[ServicePortName]] = {}
        self._written: set[ServicePortName] = set()
        self._tables: dict[rules.Family, FamilyTable] = {}

    @property
    def trusts_the_kernel(self) -> bool:
        return bool(self._tables)

    def full(self, node: NodeFacts) -> Outcome:
        """Writes both tables anew, in place where they are of our kind. Raises NftError; then nothing changed."""
        self._node, self._claims, self._known, self._tables = node, Claims(), {}, {}
        tables = {family: FamilyTable(family, node) for family in FAMILIES}
        ports, _ = self._look(self._changes.services())
        self._write([table.whole(ports, self._ranges) for table in tables.values()])
        gone = self._written - ports.keys()  # also what passes that failed had not written
        return self._commit(tables, Outcome(ports, gone))

    def partial(self, changed: set[ServiceName]) -> Outcome:
        """Brings these Services to the kernel. Raises NftError: nothing changed, and the next pass must be full."""
        tables, self._tables = self._tables, {}
        outcome = self._look(changed)
        self._nft.run(Transaction([change for table in tables.values() for change in table.change(*outcome)]))
        return self._commit(tables, outcome)

    def _commit(self, tables: dict[rules.Family, FamilyTable], outcome: Outcome) -> Outcome:
        self._tables = tables
        self._written -= outcome.gone
        self._written |= outcome.ports.keys()
        return outcome

    def _look(self, services: set[ServiceName]) -> Outcome:
        """What these Services, and the neighbours whose addresses they take or leave, are on this node now."""
        ports, gone = self._claim(services)
        return Outcome({name: self._served(port) for name, port in ports.items()}, gone)

    def _served(self, port: ServicePort) -> Served:
        held, lost = self._claims.held(port.name), self._claims.lost(port.name)
        return Served(port, self._categorized(port), held, lost, self._serving(port))

    def _serving(self, port: ServicePort) -> frozenset[tuple[str, int]]:
        """Only UDP flows ask for it."""
        endpoints = self._changes.endpoints(port.name) if port.name.protocol == "UDP" else ()
        return frozenset((endpoint.ip, endpoint.port) for endpoint in endpoints if endpoint.ready or endpoint.serving)

    def _categorized(self, port: ServicePort) -> dict[rules.Family, Categorized]:
        """Each family by itself: that one has endpoints says nothing of the other."""
        endpoints = self._changes.endpoints(port.name)
        six = [endpoint for endpoint in endpoints if ":" in endpoint.ip]
        four = [endpoint for endpoint in endpoints if ":" not in endpoint.ip] if six else endpoints
        return {
            "ip": categorize_endpoints(port, four, self._node),
            "ip6": categorize_endpoints(port, six, self._node),
        }

    def _claim(self, services: set[ServiceName]) -> tuple[dict[ServicePortName, ServicePort], set[ServicePortName]]:
        """The svc-ports to compile, those that are gone, and the neighbours whose addresses change hands."""
        ports = {port.name: port for service in services for port in self._changes.ports(service)}
        gone: set[ServicePortName] = set()
        for service in services:
            now = {port.name for port in self._changes.ports(service)}
            gone |= self._known.pop(service, set()) - now
            if now:
                self._known[service] = now
        touched: set[ServicePortName] = set()
        for name in gone:
            touched |= self._claims.put(name, {})
        for name, port in ports.items():
            touched |= self._claims.put(name, claims_of(port, self._node))
        for service in {name.service for name in touched - ports.keys() - gone}:
            ports.update((port.name, port) for port in self._changes.ports(service) if port.name in touched)
        return ports, gone

    def _write(self, tables: list[Table]) -> None:
        """Clients keep the endpoints that they stick to, unless another release of this program left the tables."""
        try:
            self._refill(tables)
        except NftTooLarge:
            self._write_in_pieces(tables)
        except NftError as error:
            log.info("tables made anew", extra={"error": str(error)})
            self._nft.run(Transaction([ReplaceTable(table) for table in tables]))

    def _write_in_pieces(self, tables: list[Table]) -> None:
        """Where one message cannot hold it all (NftTooLarge). Some Services are not served while this lasts."""
        log.warning("tables written in pieces: net.core.wmem_max is too small for them")
        self._refill([replace(table, elements={"treatments": table.elements["treatments"]}) for table in tables])
        for table in tables:
            for name, rows in table.elements.items():
                for piece in _pieces(rows):
                    self._nft.run(Transaction([AddElements(table.family, table.name, name, piece)]))

    def _refill(self, tables: list[Table]) -> None:
        self._nft.run(Transaction([RefillTable(table, kept=(rules.AFFINITY,)) for table in tables]))


def _pieces(rows: Mapping[str, str]) -> Iterator[dict[str, str]]:
    left = iter(rows.items())
    while piece := dict(islice(left, PIECE)):
        yield piece
