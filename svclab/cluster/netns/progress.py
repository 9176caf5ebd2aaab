"""How a starting cluster tells the command that waits for it how far it is."""

import json
import os
import select
from contextlib import suppress


class Progress:
    """The writing end of a pipe of JSON lines; `descriptor` None where nobody listens."""

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor

    def say(self, **message: str) -> None:
        """Sends one message; that nobody reads it any more is fine."""
        if self.descriptor is not None:
            with suppress(BrokenPipeError):
                os.write(self.descriptor, json.dumps(message).encode() + b"\n")

    def is_heard(self) -> bool:
        """Whether somebody still has the reading end."""
        if self.descriptor is None:
            return False
        poll = select.poll()
        poll.register(self.descriptor, 0)
        return not poll.poll(0)  # POLLERR: no reader is left, see poll(2)

    def close(self) -> None:
        """Ends the conversation, as far as this process is concerned."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def descriptors(self) -> tuple[int, ...]:
        """What a forked process must keep."""
        return () if self.descriptor is None else (self.descriptor,)
