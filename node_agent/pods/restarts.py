"""Whether and when an ended container runs again: pure.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
"""

from dataclasses import dataclass

from node_agent.shim.records import FAILED, RUNNING, STARTING, ContainerState

START_ERROR_CODE = 128  # what a container that could not be run ended with


@dataclass(frozen=True)
class BackoffSettings:
    """Seconds: the first pause, and the longest."""

    initial: float = 10.0
    limit: float = 300.0


@dataclass(frozen=True)
class Backoff:
    """How long a container rests after its next end. The first restart comes at once, the second after `initial`."""

    pause: float = 0.0
    since: float = 0.0  # when it was last started again

    def may_start_at(self, ended_at: float) -> float:
        """The time before which a container that ended then may not be started again."""
        return ended_at + self.pause

    def restarted(self, now: float, settings: BackoffSettings) -> "Backoff":
        """The back-off after a restart: doubled, or begun anew if the container ran for long."""
        if not self.pause or now - self.since > 2 * settings.limit:
            return Backoff(settings.initial, now)
        return Backoff(min(self.pause * 2, settings.limit), now)


def start_time(state: ContainerState | None, policy: str, backoff: Backoff) -> float | None:
    """When a container may be started: 0 for at once; None while it runs, or for good."""
    if state is None:
        return 0.0
    if state.phase in (STARTING, RUNNING):
        return None
    code = START_ERROR_CODE if state.phase == FAILED else state.exit_code
    return backoff.may_start_at(state.finished_at) if restarts(policy, code) else None


def restarts(policy: str, exit_code: int) -> bool:
    """Whether a container that ended so is run again. `policy`: Always, OnFailure or Never."""
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)
