"""From the command `svclab up` to PID 1 of a new cluster."""

import os

from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import namespaces, preflight, supervisor
from svclab.cluster.netns.host import Host
from svclab.cluster.netns.process import Process, fork, keep_running, run_and_exit
from svclab.cluster.netns.progress import Progress
from svclab.cluster.state import INIT, SUPERVISOR, StateFolder


def launch(state: StateFolder, progress: Progress, *, root: bool) -> None:
    """Starts PID 1 of the cluster in new namespaces and returns; everything after that is said through `progress`.

    The network namespace of PID 1 is the cluster's switch, and its PID namespace holds every process of the cluster,
    however it may have come about: when PID 1 goes, the kernel ends all of them.
    """
    launcher = os.fork()
    if launcher == 0:
        _launch(state, progress, root)
    os.waitpid(launcher, 0)


def _launch(state: StateFolder, progress: Progress, root: bool) -> None:
    try:
        host = Host.here(root=root)
        if not root:
            namespaces.become_root_of_new_user_namespace()
        namespaces.unshare(namespaces.ALL_BUT_USER)
        if os.fork() == 0:
            keep = (*host.descriptors(), *progress.descriptors())
            run_and_exit(Process.of(state, INIT), lambda: _live(state, host, progress), keep)
    except OSError as error:
        progress.say(error=preflight.refusal(error))
    finally:
        os._exit(0)


def _live(state: StateFolder, host: Host, progress: Progress) -> int:
    if not progress.is_heard():
        return 1  # whoever started this has given up, perhaps before our lock could tell of us
    os.chdir("/")
    namespaces.mount("none", "/", "none", namespaces.MS_REC | namespaces.MS_SLAVE)
    try:
        namespaces.mount("proc", "/proc", "proc")
        preflight.check_namespace()
    except (OSError, ClusterError) as error:
        progress.say(error=str(error))
        return 1
    namespaces.set_hostname(state.name)
    process = Process.of(state, SUPERVISOR)

    def start() -> int:
        pid = fork(
            process, lambda: supervisor.run(state, host, progress), (*host.descriptors(), *progress.descriptors())
        )
        progress.close()  # only the first supervisor has somebody who listens
        return pid

    return keep_running(start)
