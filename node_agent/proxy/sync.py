"""One pass from the cluster's state to the kernel: everything, or only what changed."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from node_agent.nft.kernel import Nft
from node_agent.nft.transaction import ReplaceTable, Transaction
from node_agent.proxy import rules
from node_agent.proxy.changes import Changes
from node_agent.proxy.claims import Claims, claims_of
from node_agent.proxy.desired import Desired
from node_agent.proxy.elements import Compiler, ElementSets, Treatment
from node_agent.proxy.facts import NodeFacts, ServiceName, ServicePort, ServicePortName
from node_agent.proxy.topology import Categorized, categorize_endpoints

FAMILIES: tuple[rules.Family, ...] = ("ip", "ip6")
Execute = Callable[[Transaction], None]


class Outcome(NamedTuple):
    """What a pass looked at: the svc-ports that are there (with their endpoints), and those that are not any more."""

    ports: dict[ServicePortName, tuple[ServicePort, Categorized]]
    gone: set[ServicePortName]


class FamilyTable:
    """The table of one family: its compiler, what it should hold, and the chains that the kernel's table has."""

    def __init__(self, family: rules.Family, node: NodeFacts) -> None:
        self.family = family
        self.compiler = Compiler(family, node)
        self.desired = Desired()
        self.chains: frozenset[Treatment] = frozenset()

    @property
    def lacks_a_chain(self) -> bool:
        return not self.compiler.treatments <= self.chains


class Sync:
    """Keeps both tables equal to the state in `changes`. Trusts its memory of the kernel until a pass fails."""

    def __init__(self, changes: Changes, nft: Nft, service_ranges: Iterable[str]) -> None:
        self._changes = changes
        self._nft = nft
        self._ranges = tuple(service_ranges)
        self._node = NodeFacts("")
        self._claims = Claims()
        self._known: dict[ServiceName, set[ServicePortName]] = {}
        self._tables: list[FamilyTable] = []

    @property
    def trusts_the_kernel(self) -> bool:
        return bool(self._tables)

    def forget(self) -> None:
        """The next pass is a full one."""
        self._tables = []

    def full(self, node: NodeFacts) -> Outcome:
        """Replaces both tables. Raises NftError; then nothing changed."""
        known = {name for names in self._known.values() for name in names}
        self._node, self._claims, self._known = node, Claims(), {}
        self._tables = []
        tables = [FamilyTable(family, node) for family in FAMILIES]
        self._changes.drain()
        outcome = self._compile(self._changes.services(), tables)
        self._nft.run(Transaction([self._replacement(table) for table in tables]))
        self._commit(tables)
        return Outcome(outcome.ports, known - outcome.ports.keys())

    def partial(self) -> Outcome:
        """Brings changed Services to the kernel. Raises NftError: then nothing changed, and the next pass is full."""
        tables, self._tables = self._tables, []
        outcome = self._compile(self._changes.drain(), tables)
        transaction = Transaction()
        for table in tables:
            if table.lacks_a_chain:
                transaction.add(self._replacement(table))
            else:
                transaction.add(*table.desired.difference(table.family).changes)
        self._nft.run(transaction)
        self._commit(tables)
        return outcome

    def _commit(self, tables: list[FamilyTable]) -> None:
        for table in tables:
            table.desired.committed()
        self._tables = tables

    def _compile(self, services: set[ServiceName], tables: list[FamilyTable]) -> Outcome:
        ports, gone = self._claim(services)
        compiled: dict[ServicePortName, tuple[ServicePort, Categorized]] = {}
        sets: list[dict[ServicePortName, ElementSets]] = [dict.fromkeys(gone, {}) for _ in tables]
        for name, port in ports.items():
            categorized = categorize_endpoints(port, self._changes.endpoints(name), self._node)
            held = self._claims.held(name)
            compiled[name] = (port, categorized)
            for table, out in zip(tables, sets, strict=True):
                out[name] = table.compiler.elements(port, categorized, held)
        for table, out in zip(tables, sets, strict=True):
            table.desired.update(out)
        return Outcome(compiled, gone)

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

    def _replacement(self, table: FamilyTable) -> ReplaceTable:
        table.chains = rules.rounded_up(table.compiler.treatments)
        made = rules.table(table.family, self._node, self._ranges, table.chains)
        clients = self._nft.elements(table.family, rules.TABLE, "affinity")
        elements = {name: rows for name, rows in table.desired.sets.items() if rows}
        kept = dict(filter(None, map(_remembered, clients)))
        return ReplaceTable(rules.with_elements(made, elements | ({"affinity": kept} if kept else {})))


def _remembered(row: Any) -> tuple[str, str] | None:
    """A client that keeps its endpoint over the replacement, for the time that it had left (libnftables-json(5))."""
    key, slot = row
    if not isinstance(key, dict) or not isinstance(slot, int):
        return None
    entry = key["elem"]
    if not entry.get("expires"):
        return None
    return f"{entry['val']} timeout {entry['timeout']}s expires {entry['expires']}s", str(slot)
