"""Starts all control loops over one client."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from apiserver.controllers.addons.controller import AddonController
from apiserver.controllers.endpoints.controller import EndpointsController
from apiserver.controllers.endpointslice.controller import EndpointSliceController
from apiserver.controllers.endpointslice.mirroring import MirroringController
from apiserver.controllers.event_expiry import EventExpiry
from apiserver.controllers.garbage.controller import GarbageCollector
from apiserver.controllers.informers import Informers
from apiserver.controllers.namespaces.controller import NamespaceController
from apiserver.controllers.node_ipam.controller import NodeIpamController
from apiserver.controllers.node_lifecycle.evictor import Evictor
from apiserver.controllers.node_lifecycle.nodes import NodeLifecycleController
from apiserver.controllers.node_lifecycle.orphans import OrphanCollector
from apiserver.controllers.scheduler.controller import Scheduler
from apiserver.controllers.settings import ControllerSettings
from svclab.client import Client, EventRecorder
from svclab.client.clock import Clock, LoopClock

Loop = Callable[[], Coroutine[Any, Any, None]]


async def run(client: Client, settings: ControllerSettings, clock: Clock | None = None) -> None:
    """Runs the control loops of a cluster until cancelled."""
    async with asyncio.TaskGroup() as group:
        for loop in loops(client, settings, clock or LoopClock()):
            group.create_task(loop())


def loops(client: Client, settings: ControllerSettings, clock: Clock) -> list[Loop]:
    """Everything that runs, informers last: by then each handler is registered."""
    recorders = {
        name: EventRecorder(client, name, clock=clock)
        for name in (
            *("default-scheduler", "endpoint-slice-controller", "endpoint-slice-mirroring-controller"),
            *("endpoint-controller", "node-controller"),
        )
    }
    scheduler, slices, mirror, endpoints, nodes = recorders.values()
    informers = Informers(client)
    addons = [AddonController(client, informers, clock, settings.dns).run] if settings.dns else []
    return [
        EndpointSliceController(client, informers, slices, clock, settings.endpoints_per_slice).run,
        MirroringController(client, informers, mirror, clock, settings.endpoints_per_slice).run,
        EndpointsController(client, informers, endpoints, clock).run,
        Scheduler(client, informers, scheduler, clock).run,
        NodeIpamController(client, informers, nodes, clock, settings.pod_cidrs).run,
        NodeLifecycleController(client, informers, nodes, clock, settings).run,
        Evictor(client, informers, nodes, clock, settings.eviction_after).run,
        OrphanCollector(client, informers, clock, settings.orphaned_pods_after).run,
        GarbageCollector(client, informers, clock).run,
        NamespaceController(client, informers, clock).run,
        EventExpiry(client, clock, settings.events_kept).run,
        *addons,
        *(recorder.run for recorder in recorders.values()),
        informers.run,
    ]
