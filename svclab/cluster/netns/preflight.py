"""What this machine must offer, found out before any process of a cluster is started."""

import ctypes
import errno
import os
import shutil
from pathlib import Path

from svclab.cluster.errors import ClusterError
from svclab.cluster.netns import network

LIBNFTABLES = "libnftables.so.1"
_RULES = (
    b"add table ip svclab { chain c { type nat hook output priority 0; }; map m { type inet_service : verdict; }; }"
)
_SYSCTLS = {
    "/proc/sys/user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=15000"),
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
}


def check_programs() -> None:
    """Raises ClusterError if a program or library of the system is missing; takes a few milliseconds."""
    if not shutil.which("ip"):
        raise ClusterError("the program `ip` is missing: install it (Debian: apt-get install iproute2)")
    try:
        ctypes.CDLL(LIBNFTABLES)
    except OSError:
        raise ClusterError(f"{LIBNFTABLES} is missing: install it (Debian: apt-get install libnftables1)") from None


def refusal(error: OSError) -> str:
    """Why the kernel would not make the namespaces, and what to do."""
    if error.errno == errno.ENOSPC:
        return "the limit of namespaces is reached: stop other clusters, or raise /proc/sys/user/max_*_namespaces"
    if os.geteuid() == 0:
        return f"namespaces are refused to root ({error}): in a container, add the capabilities SYS_ADMIN and NET_ADMIN"
    for path, (bad, remedy) in _SYSCTLS.items():
        if Path(path).exists() and Path(path).read_text().strip() == bad:
            return f"this kernel refuses namespaces to ordinary users: run as root `{remedy}`, or run svclab as root"
    return f"user namespaces are refused ({error}): run svclab as root, or allow unprivileged user namespaces"


def check_namespace() -> None:
    """Tries what nodes will do in the current network namespace. Raises ClusterError for what the kernel lacks."""
    try:
        network.run(
            [
                "link add svclab-a type veth peer name svclab-b",
                "link add svclab-c type bridge",
                "link del svclab-a",
                "link del svclab-c",
            ]
        )
    except ClusterError as error:
        raise ClusterError(f"this kernel cannot make veth or bridge links (modules veth, bridge): {error}") from None
    try:
        network.forward_packets()
    except OSError as error:
        raise ClusterError(f"ip_forward cannot be set ({error.strerror}): mount /proc/sys read-write") from None
    _check_nftables()


def _check_nftables() -> None:
    library = ctypes.CDLL(LIBNFTABLES)
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_buffer_error.argtypes = [ctypes.c_void_p]
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.nft_ctx_get_error_buffer.argtypes = [ctypes.c_void_p]
    library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
    library.nft_ctx_free.argtypes = [ctypes.c_void_p]
    context = library.nft_ctx_new(0)
    library.nft_ctx_buffer_error(context)
    failed = library.nft_run_cmd_from_buffer(context, _RULES) or library.nft_run_cmd_from_buffer(
        context, b"delete table ip svclab"
    )
    reason = (library.nft_ctx_get_error_buffer(context) or b"").decode().splitlines()
    library.nft_ctx_free(context)
    if failed:
        raise ClusterError(
            f"nftables NAT does not work here ({reason[0] if reason else 'no reason given'}): "
            "load the modules nf_tables and nft_chain_nat"
        )
