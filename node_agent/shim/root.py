"""The root that a container sees: a tmpfs with the machine's programs bound read-only; no /root, /home or disks."""

import errno
import os

from node_agent import syscalls
from node_agent.shim import proc
from node_agent.syscalls import MS_BIND, MS_MOVE, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "protocols",
    "python3",
    "python3.11",
    "services",
    "ssl",
)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
FOLDERS = ("root", "run", "home", "opt", "srv", "mnt", "etc", "proc", "dev/pts", "dev/shm", "var/lib", "var/log")
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
GROUP = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"

_ST_RELATIME, _MS_RELATIME = 4096, 1 << 21
# nosuid, nodev, noexec, noatime and nodiratime are the same bits in statvfs(3) and mount(2)
_KEPT_FLAGS = 2 | 4 | 8 | 1024 | 2048


def bind(source: str, target: str, *, read_only: bool) -> None:
    """Binds a file or folder, without its devices. A remount must keep the flags that the mount came with."""
    syscalls.mount(source, target, "", MS_BIND | MS_REC)
    present = os.statvfs(target).f_flag
    kept = present & _KEPT_FLAGS | (_MS_RELATIME if present & _ST_RELATIME else 0)
    wanted = MS_NODEV | (MS_RDONLY if read_only else present & MS_RDONLY)
    syscalls.mount("", target, "", MS_BIND | MS_REMOUNT | kept | wanted)


def place(source: str, root: str, target: str, *, read_only: bool) -> None:
    """Binds `source` at `target` under the root, making the place for it first."""
    place_for(root, target, folder=os.path.isdir(source))
    bind(source, root + target, read_only=read_only)


def place_for(root: str, target: str, *, folder: bool) -> None:
    """Makes the folder or empty file `target`; a read-only folder gets a writable layer."""
    path = root + target
    if os.path.exists(path):
        return
    parent = os.path.dirname(path)
    try:
        os.makedirs(parent, exist_ok=True)
        _make(path, folder)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        while not os.path.isdir(parent):
            parent = os.path.dirname(parent)
        layer_over(root, parent)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _make(path, folder)


def _make(path: str, folder: bool) -> None:
    if folder:
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def layer_over(root: str, path: str) -> None:
    """Lays a writable overlay over a read-only folder of the root."""
    layer = f"{root}/.layers/{path[len(root) :].strip('/').replace('/', '-')}"
    os.makedirs(f"{layer}/upper")
    os.makedirs(f"{layer}/work")
    syscalls.mount("overlay", path, "overlay", 0, f"lowerdir={path},upperdir={layer}/upper,workdir={layer}/work")


def build(root: str, binds: list[tuple[str, str, bool]], *, size: str) -> None:
    """Fills the folder `root` with the system and `binds` (source, target, read-only).

    For a process in a mount namespace of its own, before enter(). Raises OSError with the mount that was refused.
    """
    syscalls.mount("", "/", "", syscalls.MS_PRIVATE | MS_REC)
    syscalls.mount("tmpfs", root, "tmpfs", MS_NODEV, f"mode=755,size={size}")
    for folder in FOLDERS:
        os.makedirs(f"{root}/{folder}")
    os.mkdir(f"{root}/tmp", 0o1777)
    os.chmod(f"{root}/tmp", 0o1777)
    os.symlink("../run", f"{root}/var/run")
    os.symlink("../tmp", f"{root}/var/tmp")
    _system(root)
    _devices(root)
    for source, target, read_only in binds:
        place(source, root, target, read_only=read_only)


def _system(root: str) -> None:
    for path in SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif os.path.isdir(path):
            place(path, root, path, read_only=True)
    for name in ETC:
        path = f"/etc/{name}"
        if os.path.exists(path):
            place(path, root, path, read_only=True)
    for name, text in (("passwd", PASSWD), ("group", GROUP)):
        with open(f"{root}/etc/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def _devices(root: str) -> None:
    for name in DEVICES:
        place_for(root, f"/dev/{name}", folder=False)
        syscalls.mount(f"/dev/{name}", f"{root}/dev/{name}", "", MS_BIND)
    for name, target in DEVICE_LINKS.items():
        os.symlink(target, f"{root}/dev/{name}")
    syscalls.mount("devpts", f"{root}/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    syscalls.mount("shm", f"{root}/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=64m")


def enter(root: str, *, read_only: bool, privileged: bool) -> None:
    """Makes `root` the root of the process, which is PID 1 of its PID namespace, and lets go of the machine's."""
    proc.mount(f"{root}/proc", f"{root}/dev/null", whole=privileged)
    os.chdir(root)
    try:
        syscalls.pivot_root(".", ".")
        syscalls.umount(".", syscalls.MNT_DETACH)
    except PermissionError:  # Docker's seccomp profile has no pivot_root: cover the machine's root, do not leave it
        syscalls.mount(".", "/", "", MS_MOVE)
        os.chroot(".")
    os.chdir("/")
    if read_only:
        syscalls.mount("", "/", "", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV)
