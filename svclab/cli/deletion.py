"""Deleting an object and waiting until it is gone."""

import time
from dataclasses import dataclass
from typing import Any

from protos.kinds import kind_of
from svclab.cli.errors import CliError, is_not_found
from svclab.cli.fetching import Following
from svclab.cli.selection import Request
from svclab.cli.settings import client


@dataclass(frozen=True)
class Deletion:
    """How objects are deleted. `grace_period` in seconds, None: the object's own; `timeout` in seconds, 0: no limit."""

    grace_period: int | None = None
    propagation: Any = ""
    dry_run: bool = False
    timeout: float = 0.0

    def delete(self, obj: Any) -> Any:
        """Asks the server to delete the object; returns it while it lingers, None if it is gone."""
        return client().delete(
            kind_of(obj),
            obj.metadata.name,
            obj.metadata.namespace,
            grace_period=self.grace_period,
            propagation=self.propagation,
            dry_run=self.dry_run,
        )

    def wait(self, lingering: Any) -> None:
        """Returns when the object is gone. Raises CliError when the timeout has passed."""
        kind, metadata = kind_of(lingering), lingering.metadata
        request = Request(kind, metadata.name, metadata.namespace)
        deadline = time.monotonic() + self.timeout if self.timeout > 0 else None
        if not wait_gone(request, metadata.uid, deadline):
            raise CliError(f"timed out waiting for the condition on {kind.resource}/{metadata.name}")

    def delete_and_wait(self, obj: Any) -> None:
        """Both."""
        lingering = self.delete(obj)
        if lingering is not None:
            self.wait(lingering)


def wait_gone(request: Request, uid: str, deadline: float | None) -> bool:
    """Whether the object with this uid is gone, or another in its place, before the deadline (of time.monotonic)."""
    from svclab.client.errors import ApiError

    try:
        found = client().get(request.kind, request.name, request.namespace)
    except ApiError as error:
        if is_not_found(error):
            return True
        raise
    if found.metadata.uid != uid:
        return True
    for event in Following(request).events(found.metadata.resourceVersion, deadline):
        if event.type == "DELETED" or event.object.metadata.uid != uid:
            return True
    return False
