"""The client side of the API: calls, watches, informers, work queues and the controller loop.

Depends on the contract (`protos`) alone: whatever is written with it runs inside the control plane or far from it.
Names are loaded on first use, so that a program pays only for the ones it touches.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from svclab.client.client import Client as Client
    from svclab.client.controller import Controller as Controller
    from svclab.client.controller import Result as Result
    from svclab.client.controller import Retry as Retry
    from svclab.client.controller import Terminal as Terminal
    from svclab.client.events import EventRecorder as EventRecorder
    from svclab.client.informer import Informer as Informer
    from svclab.client.lister import Key as Key
    from svclab.client.lister import Lister as Lister
    from svclab.client.objects import Page as Page
    from svclab.client.objects import WatchEvent as WatchEvent
    from svclab.client.sync_client import SyncClient as SyncClient
    from svclab.client.target import Target as Target
    from svclab.client.work_queue import WorkQueue as WorkQueue

_HOMES = {
    "Client": "client",
    "Controller": "controller",
    "EventRecorder": "events",
    "Informer": "informer",
    "Key": "lister",
    "Lister": "lister",
    "Page": "objects",
    "Result": "controller",
    "Retry": "controller",
    "SyncClient": "sync_client",
    "Target": "target",
    "Terminal": "controller",
    "WatchEvent": "objects",
    "WorkQueue": "work_queue",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
