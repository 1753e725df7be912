"""Entering the sandbox: namespaces of our own and a root that holds the standard library and nothing else.

Every function here runs in a child between `fork` and `exec` and raises OSError where the kernel
refuses. Root of the machine first builds the root, then becomes an unused user, because limits on
tasks mean nothing to user 0 and the interpreter may lie where that user cannot go; anybody else
gets the right to mount from the user namespace.
"""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
from pathlib import Path
from typing import Final

_LIBC = ctypes.CDLL(None, use_errno=True)
_NS, _UTS, _IPC, _USER, _PID, _NET = (
    0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000
)  # fmt: skip
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH: Final = 2
_DUMPABLE: Final = 4
_PIVOT: Final = {"x86_64": 155, "aarch64": 41}
_KEPT_FLAGS: Final = {8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}
"""Flags of a mount as `statvfs` says them, and as `mount` wants them kept: noexec and the access times."""
UNUSED_USER: Final = 1_879_048_192
"""The first of the users that a root runner becomes; far above what accounts use."""
BOX: Final = "/box"
SCRATCH: Final = "/scratch/own"


def interpreter() -> str:
    """The real interpreter behind a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def library_paths() -> list[str]:
    """What an interpreter needs to read: itself, its library and the system's."""
    own = [interpreter(), os.path.realpath(sysconfig.get_paths()["stdlib"])]
    libdir = sysconfig.get_config_var("LIBDIR")
    shared = [
        str(path) for path in Path(libdir or "/nowhere").glob("libpython*.so*")
        if sysconfig.get_config_var("Py_ENABLE_SHARED")
    ]  # fmt: skip
    system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
    wanted = [path for path in own + shared + system if Path(path).exists()]
    return [path for path in dict.fromkeys(wanted) if not _inside_other(path, wanted)]


def _inside_other(path: str, others: list[str]) -> bool:
    real = Path(path)
    return any(other != path and real.is_relative_to(other) for other in others)


def _must(result: int, doing: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} while {doing}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    _must(_LIBC.mount(*words, flags, data.encode() if data else None), f"mounting {target}")


def _bind(path: str, root: Path) -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if Path(path).is_symlink():
        target.symlink_to(Path(path).readlink())
        return
    if Path(path).is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(path, str(target), None, _BIND | _REC)
    given = os.statvfs(target).f_flag
    kept = sum(flag for shown, flag in _KEPT_FLAGS.items() if given & shown)
    _mount("none", str(target), None, _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV | kept)


def _build_root(paths: list[str], texts: dict[str, str]) -> None:
    """A root of read-only binds, the texts in their box and an empty folder to mount on; move into it."""
    _mount("none", "/", None, _REC | _PRIVATE)
    place = next(p for p in ("/tmp", "/mnt", "/proc") if not any(Path(q).is_relative_to(p) for q in paths))  # noqa: S108
    _mount("tmpfs", place, "tmpfs", _NOSUID | _NODEV, "size=1m,nr_inodes=4096,mode=755")
    root = Path(place)
    for path in paths:
        _bind(path, root)
    (root / BOX.lstrip("/")).mkdir()
    (root / SCRATCH.lstrip("/")).mkdir(parents=True)
    for name, text in texts.items():
        (root / BOX.lstrip("/") / name).write_text(text, encoding="utf-8")
    _mount("none", place, None, _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV)
    os.chdir(place)
    _must(_LIBC.syscall(_PIVOT[os.uname().machine], b".", b"."), "changing the root")
    _must(_LIBC.umount2(b".", _DETACH), "leaving the old root")
    os.chdir("/")


def become_unused_user(worker: int) -> None:
    """From root to a user that nobody else is; a process stays visible to itself."""
    user = UNUSED_USER + worker
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _LIBC.prctl(_DUMPABLE, 1, 0, 0, 0)


def _map_user(user: int, group: int, proc: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        opened = os.open(name, os.O_WRONLY, dir_fd=proc)
        os.write(opened, text.encode())
        os.close(opened)


def enter(worker: int, texts: dict[str, str]) -> None:
    """Leave everything behind but the descriptors; the next child is process 1 of the namespace.

    Raises:
        OSError: the kernel, or a container around us, refuses a step; its text says which.
    """
    proc = os.open(f"/proc/{os.getpid()}", os.O_DIRECTORY | os.O_CLOEXEC)
    paths = library_paths()
    from_root = os.getuid() == 0
    if from_root:
        _must(_LIBC.unshare(_NS), "making a mount namespace")
        _build_root(paths, texts)
        become_unused_user(worker)
    user, group = os.getuid(), os.getgid()
    _must(_LIBC.unshare(_USER | _NS | _PID | _NET | _IPC | _UTS), "making namespaces")
    _map_user(user, group, proc)
    os.close(proc)
    if not from_root:
        _build_root(paths, texts)
