"""Runs a node until it is told to stop. Pods and rules stay for the next run."""

import asyncio
import logging
import signal
import sys

from node_agent import syscalls
from node_agent.config import Config
from node_agent.connection import connection
from node_agent.nft.kernel import NftError
from node_agent.node import Node
from node_agent.pods.connection import ShimError
from node_agent.pods.spawner import Spawner
from svclab.client.errors import ApiError
from svclab.client.log_lines import write_to_stderr

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def run(config: Config) -> int:
    """Works until SIGTERM or SIGINT; the exit code. A failure to start is one line on stderr and 1."""
    write_to_stderr(verbose=config.verbose)
    syscalls.limit_heaps(1)
    try:
        config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        spawner = Spawner()
        try:
            asyncio.run(work(config, spawner))
        finally:
            spawner.close()
    except (OSError, ValueError, NftError, ShimError, ApiError) as error:
        log.debug("cannot start", exc_info=True)
        print(f"node agent {config.node_name}: {error}", file=sys.stderr)
        return 1
    return 0


async def work(config: Config, spawner: Spawner) -> None:
    stopped = asyncio.Event()
    async with connection(config) as client:
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        node = Node(config, client, spawner)
        working = asyncio.create_task(node.run())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (working, stopping):
            task.cancel()
        await node.pods.close()
        if working.done() and not working.cancelled():
            working.result()
