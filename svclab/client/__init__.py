"""The client side of the API: calls, watches, informers, work queues and the controller loop.

Depends on the contract (`protos`) alone: whatever is written with it runs inside the control plane or far from it.
Names are loaded on first use, so that a program pays only for the ones it touches.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from svclab.client.client import Client as Client
    from svclab.client.objects import Page as Page
    from svclab.client.objects import WatchEvent as WatchEvent
    from svclab.client.sync_client import SyncClient as SyncClient
    from svclab.client.target import Target as Target

_HOMES = {
    "Client": "client",
    "Page": "objects",
    "SyncClient": "sync_client",
    "Target": "target",
    "WatchEvent": "objects",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
