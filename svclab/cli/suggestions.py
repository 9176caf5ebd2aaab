"""What the shell completes: kinds, and the names of objects that the cluster holds."""

from collections.abc import Iterable
from typing import Any

import click

from protos.kinds import KINDS, NAMESPACES, NODES, PODS, SERVICES, Kind, find_kind
from svclab.cli.settings import client, namespace


def complete_resources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Kinds first, then names of that kind; or `kind/name`."""
    before = list(ctx.params.get(param.name or "") or ())
    if "/" in incomplete:
        word, _, start = incomplete.partition("/")
        kind = find_kind(word)
        return [f"{word}/{name}" for name in _names(ctx, kind, start)] if kind else []
    if before and "/" not in before[0]:
        kind = find_kind(before[0])
        return _names(ctx, kind, incomplete) if kind else []
    plurals = [kind.resource for kind in KINDS if kind.resource.startswith(incomplete)]
    return plurals or [name for kind in KINDS for name in kind.short_names if name.startswith(incomplete)]


def complete_pods(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of pods."""
    return _names(ctx, PODS, incomplete) if not ctx.params.get(param.name or "") else []


def complete_nodes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of nodes."""
    return _names(ctx, NODES, incomplete)


def complete_sources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Who can send a packet: `outside`, `pod/NAME`, `node/NAME`."""
    return [name for name in ("outside",) if name.startswith(incomplete)] + _places(ctx, incomplete)


def complete_targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Where a packet can go: Services by name, `pod/NAME`, `node/NAME`. The port is the user's to say."""
    return _names(ctx, SERVICES, incomplete) + _places(ctx, incomplete)


def _places(ctx: click.Context, incomplete: str) -> list[str]:
    """`pod/` and `node/`, with names once one of them is there."""
    kinds = {"pod/": PODS, "node/": NODES}
    words = [word for word in kinds if word.startswith(incomplete) and word != incomplete]
    given = [word for word in kinds if incomplete.startswith(word)]
    return words + [word + name for word in given for name in _names(ctx, kinds[word], incomplete.removeprefix(word))]


def complete_namespaces(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of namespaces."""
    return _names(ctx, NAMESPACES, incomplete)


def complete_clusters(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of clusters that run."""
    from svclab.cli.target import running_clusters

    return [name for name in running_clusters() if name.startswith(incomplete)]


def _names(ctx: click.Context, kind: Kind | None, start: str) -> list[str]:
    if kind is None:
        return []
    try:
        with ctx.scope(cleanup=False):
            items: Iterable[Any] = client().list(kind, namespace() if kind.namespaced else "").items
        return [item.metadata.name for item in items if item.metadata.name.startswith(start)]
    except Exception:  # whatever is wrong, there is nothing to complete, and nobody to tell
        return []
