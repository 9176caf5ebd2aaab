"""A container's /proc: its own processes, and nothing by which it could reach the machine. As the container runtimes
have it (maskedPaths and readonlyPaths of the OCI runtime specification)."""

import os

from node_agent import syscalls
from node_agent.syscalls import MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY

MASKED = ("acpi", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats")
READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC


def mount(path: str, null: str, *, whole: bool) -> None:
    """Mounts it for the PID namespace that the process is the first of. `null`: a /dev/null; `whole`: hide nothing."""
    syscalls.mount("proc", path, "proc", FLAGS)
    if whole:
        return
    for name in MASKED:
        hidden = f"{path}/{name}"
        if os.path.isdir(hidden):
            syscalls.mount("tmpfs", hidden, "tmpfs", FLAGS | MS_RDONLY, "size=0k")
        elif os.path.exists(hidden):
            syscalls.mount(null, hidden, "", syscalls.MS_BIND)
    for name in READ_ONLY:
        fixed = f"{path}/{name}"
        if os.path.exists(fixed):
            syscalls.mount(fixed, fixed, "", syscalls.MS_BIND | syscalls.MS_REC)
            syscalls.mount("", fixed, "", syscalls.MS_BIND | syscalls.MS_REMOUNT | MS_RDONLY | FLAGS)
