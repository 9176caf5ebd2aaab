"""Starting a cluster: from what the user asked for to a stored configuration, and from there to running processes."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from svclab.cluster import locks
from svclab.cluster.addresses import CHOOSE, choose_subnets, host_networks
from svclab.cluster.config import ClusterConfig, IPNetwork, with_nodes
from svclab.cluster.config_document import API_VERSION, KIND, from_document
from svclab.cluster.document import dns_label
from svclab.cluster.driver import Say, find_driver, is_running
from svclab.cluster.errors import ClusterError, ConfigError
from svclab.cluster.state import StateFolder, all_folders
from svclab.cluster.state_paths import state_home

COME_BACK = "a stopped cluster keeps its addresses: stop what uses them, or begin anew after `svclab down --delete`"


@dataclass(frozen=True)
class Wish:
    """What the user asked for; None where nothing was said."""

    name: str
    nodes: int | None = None
    store: str | None = None
    driver: str | None = None
    document: Any = None  # of a configuration file


def start(wish: Wish, say: Say, wait: Callable[[StateFolder, ClusterConfig], None]) -> ClusterConfig:
    """Starts a new cluster, or a stopped one with its state; `wait` returns when it is usable.

    Raises ClusterError, after everything that was begun is gone again.
    """
    state = StateFolder.of(dns_label(wish.name, "cluster name"))
    if is_running(state):
        raise ClusterError(
            f"cluster {state.name!r} is already running: see `svclab --cluster {state.name} status`, "
            f"or end it with `svclab down --name {state.name}`"
        )
    known = state.exists()
    config = resolve(state, wish)
    find_driver(config.driver).check()
    state.create()
    with locks.held(state.lock("up"), wait=False) as mine:
        if not mine:
            raise ClusterError(f"another `svclab up` of cluster {state.name!r} is at work: wait for it")
        _start(state, config, say, wait, known=known)
    return state.load()


def _start(
    state: StateFolder,
    config: ClusterConfig,
    say: Say,
    wait: Callable[[StateFolder, ClusterConfig], None],
    *,
    known: bool,
) -> None:
    driver = find_driver(config.driver)
    driver.stop(state, config)  # what a crash may have left
    if not known:
        driver.delete(state, config)  # of one whose folder was removed by hand
    try:
        driver.prepare(say)
        config = _with_subnets(state, config, known=known)
        driver.start(state, config, say)
        wait(state, config)
    except BaseException:
        driver.stop(state, config)
        if not known:
            driver.delete(state, config)
            state.discard()
        raise


def resolve(state: StateFolder, wish: Wish) -> ClusterConfig:
    """The configuration that a wish leads to; node subnets may still be left open. Raises ClusterError."""
    return _stored(state, wish) if state.exists() else _new(wish)


def _new(wish: Wish) -> ClusterConfig:
    document = wish.document if wish.document is not None else {"kind": KIND, "apiVersion": API_VERSION}
    config = replace(from_document(document), name=wish.name)
    if wish.nodes is not None:
        if wish.document is not None and len(config.nodes) != wish.nodes and "nodes" in wish.document:
            raise ConfigError(
                f"--nodes {wish.nodes} contradicts the configuration file, whose list of nodes has {len(config.nodes)}"
            )
        config = replace(config, nodes=with_nodes(wish.nodes)) if len(config.nodes) != wish.nodes else config
    return replace(config, store=wish.store or config.store, driver=wish.driver or config.driver)


def _stored(state: StateFolder, wish: Wish) -> ClusterConfig:
    config = state.load()
    asked = {
        "--config": wish.document is not None,
        "--nodes": wish.nodes not in (None, len(config.nodes)),
        "--store": wish.store not in (None, config.store),
        "--driver": wish.driver not in (None, config.driver),
    }
    for option, differs in asked.items():
        if differs:
            raise ClusterError(
                f"cluster {state.name!r} exists with {len(config.nodes)} nodes and store {config.store}: "
                f"start it without {option}, or remove it first with `svclab down --name {state.name} --delete`"
            )
    return config


def _subnets_of(folder: StateFolder) -> tuple[IPNetwork, ...]:
    """A cluster's node subnets; of one whose configuration cannot be read none, as it cannot start."""
    try:
        return folder.load().networking.node_subnets
    except ClusterError:
        return ()


def _with_subnets(state: StateFolder, config: ClusterConfig, *, known: bool) -> ClusterConfig:
    """Chooses the node subnets and stores the configuration, one `svclab up` after the other."""
    with locks.folder(state_home()):
        taken = [subnet for folder in all_folders() if folder.name != state.name for subnet in _subnets_of(folder)]
        # A user namespace has networks of its own: what the machine has come to use does not keep its cluster down.
        if not known or config.driver != "netns" or os.geteuid() == 0:
            taken += host_networks()
        config = replace(config, networking=choose_subnets(config.networking, taken, COME_BACK if known else CHOOSE))
        state.save(config)
    return config
