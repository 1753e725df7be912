"""What code that is not ours may open while it measures; whatever else it reaches for ends its process.

    readable   its artifacts, the folder of its own code, the standard library, installed packages, and a few
               figures of the machine that frameworks ask for when they are imported
    writable   one empty folder, which is gone afterwards
    nothing    other files, sockets, other programs, the C library by hand

So what a verdict rests on is in the evidence: bytes that were hashed, and code whose digest is written down.
It is an audit hook of Python (PEP 578), which cannot be taken out again. It is no sandbox: native code of an
installed package opens what it likes, and sizes and dates of files can be asked for (`docs/probes.md`).

The hook uses nothing that other code can replace: local variables alone, and builtins of its own. It raises
nothing, because an exception would carry its frames to the code that it watches.
"""

from __future__ import annotations

import _json
import builtins
import ctypes  # noqa: F401 - its own handle on this program is opened before the fence stands
import os
import posix
import site
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

_MACHINE: Final = (
    "/dev/null",
    "/dev/urandom",
    "/proc/self/maps",
    "/proc/stat",
    "/proc/cpuinfo",
    "/proc/meminfo",
)
_MACHINE_BELOW: Final = ("/proc/sys/kernel/", "/proc/sys/vm/", "/sys/devices/system/", "/usr/share/zoneinfo/")
_LINKS: Final = 40
_NEVER: Final = frozenset({
    "os.chdir", "os.chroot", "os.exec", "os.fork", "os.forkpty", "os.killpg", "os.link", "os.posix_spawn",
    "os.spawn", "os.startfile", "os.symlink", "os.system", "pty.spawn", "resource.prlimit", "socket.connect",
    "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname", "socket.sendmsg", "socket.sendto",
    "subprocess.Popen",
})  # fmt: skip
_BY_HAND: Final = frozenset({
    "code.__new__", "ctypes.dlopen", "ctypes.dlsym", "gc.get_objects", "gc.get_referents", "gc.get_referrers",
    "marshal.load", "marshal.loads", "socket.bind", "sys._current_exceptions", "sys._current_frames",
})  # fmt: skip
"""What installed packages do when they are imported, and a probe has no business with."""
_READS: Final = frozenset({"os.getxattr", "os.listdir", "os.listxattr", "os.scandir"})
_WRITES: Final = frozenset({
    "os.chmod", "os.chown", "os.mkdir", "os.remove", "os.removexattr", "os.rename", "os.rmdir", "os.setxattr",
    "os.truncate", "os.utime", "sqlite3.connect",
})  # fmt: skip


class Openable(NamedTuple):
    """What may be opened, beside the standard library and installed packages."""

    read: tuple[Path, ...]
    """Artifacts and the folder of the probe's code."""
    write: Path
    """An empty folder."""
    never: Path
    """The project's own state, with its key and its ledger; what of `read` lies in it may be read."""


def put_up(openable: Openable, answers: int) -> None:
    """Put up the fence in this process, for good; a refusal is written to a descriptor, a line of JSON."""
    space = globals()
    kept = space["__builtins__"]
    space["__builtins__"] = dict(vars(builtins))  # of the functions that are made now, and of no other
    hook = _hook(openable, answers)
    space["__builtins__"] = kept
    sys.addaudithook(hook)


def _code() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Folders of the standard library, and of installed packages, specship among them."""
    paths = sysconfig.get_paths()
    library = {paths["stdlib"], paths["platstdlib"], *(p for p in sys.path if p.endswith(".zip"))}
    library |= {p for p in sys.path if Path(p).name == "lib-dynload"}
    named = {paths["purelib"], paths["platlib"], *site.getsitepackages()}
    named |= {p for p in sys.path if Path(p).name in {"site-packages", "dist-packages"}}
    named.add(str(Path(__file__).parents[2]))
    return _both(library), _both(named)


def _both(folders: Iterable[str]) -> tuple[str, ...]:
    """Folders as they are spelled and as they resolve."""
    return tuple(sorted({f"{form}/" for one in folders for form in (one, os.path.realpath(one))}))


def _hook(openable: Openable, answers: int) -> Callable[[str, tuple[Any, ...]], None]:  # noqa: C901, PLR0915
    library, packages = _code()
    code = (*library, *packages)
    looked_through = tuple(sys.path)  # an import lists each folder of it, those of editable installs too
    readable = tuple(os.path.realpath(path) for path in openable.read)
    write, never = os.path.realpath(openable.write), os.path.realpath(openable.never)
    own, here = os.getpid(), os.getcwd()  # noqa: PTH109 - texts, as events have them
    lstat, readlink, send, leave = posix.lstat, posix.readlink, posix.write, posix._exit  # noqa: SLF001
    is_link, frame_at, quoted = stat.S_ISLNK, sys._getframe, _json.encode_basestring_ascii  # noqa: SLF001
    machine, machine_below, links = _MACHINE, _MACHINE_BELOW, _LINKS
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def refuse(said: str) -> None:
        send(answers, b'{"event": "refused", "what": %b}\n' % quoted(said[:500]).encode())
        leave(3)

    def text(path: Any) -> str:
        if type(path) is bytes:
            return path.decode("utf-8", "surrogateescape")
        if type(path) is not str:
            refuse(f"it opens a {type(path).__name__} that stands for a path")
        return str(path)

    def resolved(path: str) -> str:
        """Where a path leads, links followed; asked of the system alone."""
        pending = (path if path[:1] == "/" else f"{here}/{path}").split("/")[::-1]
        at, followed = "", 0
        while pending:
            part = pending.pop()
            if part == "..":
                at = at.rpartition("/")[0]
            if part in {"", ".", ".."}:
                continue
            whole = f"{at}/{part}"
            try:
                target = readlink(whole) if is_link(lstat(whole).st_mode) else ""
            except (OSError, ValueError):
                target = ""
            if target:
                followed += 1
                if followed > links:
                    refuse(f"it opens {path}, a link that leads around in a circle")
                at = "" if target[:1] == "/" else at
                pending.extend(target.split("/")[::-1])
            else:
                at = whole
        return at or "/"

    def below(path: str, folder: str) -> bool:
        return path == folder or path.startswith(f"{folder}/")

    def may_read(path: str) -> bool:
        plain = "/../" not in path and not path.endswith("/..")
        if plain and (path.startswith((*code, *machine_below)) or path in machine):
            return not below(path, never)
        whole = resolved(path)
        if below(whole, write):
            return True
        if whole.startswith(code) or f"{whole}/" in code:
            return not below(whole, never)
        return any(below(whole, one) and (below(one, never) or not below(whole, never)) for one in readable)

    def by_a_package() -> bool:
        """Whether an import or installed code asks, the standard library between it and the system apart."""
        frame: FrameType | None = frame_at(3)
        if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(packages):
                return True
            if not name.startswith(("<frozen ", *library)):
                return False
            frame = frame.f_back
        return False

    def opens(_: str, given: tuple[Any, ...]) -> None:
        path, mode, flags = given
        if type(path) is int:
            return
        where = text(path)
        if mode is None and where[:1] != "/" and ".." in where.split("/"):
            refuse(f"it opens {where}, and nobody can see from where")
        if (type(flags) is int and flags & writing) or (type(mode) is str and set(mode) & set("wax+")):
            if where != "/dev/null" and not below(resolved(where), write):
                refuse(f"it opens {where} for writing")
        elif not may_read(where):
            refuse(f"it opens {where}")

    def loads(_: str, given: tuple[Any, ...]) -> None:
        if given[1] is not None and not may_read(text(given[1])):
            refuse(f"it loads {given[1]}")

    def reads(_: str, given: tuple[Any, ...]) -> None:
        if given[0] is None or type(given[0]) is int or may_read(text(given[0])):
            return
        if text(given[0]) not in looked_through or not by_a_package():
            refuse(f"it lists {given[0]}")

    def writes(event: str, given: tuple[Any, ...]) -> None:
        for path in given[: 2 if event == "os.rename" else 1]:
            if type(path) is int or (text(path) != ":memory:" and not below(resolved(text(path)), write)):
                refuse(f"it changes {path} ({event})")

    def always(event: str, given: tuple[Any, ...]) -> None:
        refuse(f"{event} of {given[0] if given and type(given[0]) in {str, int} else 'something'}")

    def kills(_: str, given: tuple[Any, ...]) -> None:
        if given[0] != own:
            refuse(f"it sends a signal to process {given[0]}")

    def by_hand(event: str, given: tuple[Any, ...]) -> None:
        if not by_a_package():
            refuse(f"{event} of {given[0] if given and type(given[0]) is str else 'something'}")

    def compiles(_: str, given: tuple[Any, ...]) -> None:
        if type(given[1]) is str and given[1].startswith(("<frozen ", *code)) and not by_a_package():
            refuse(f"it calls code of its own {given[1]}")

    asked = {
        "open": opens, "import": loads, "os.kill": kills, "compile": compiles,
        **dict.fromkeys(_READS, reads), **dict.fromkeys(_WRITES, writes), **dict.fromkeys(_NEVER, always),
        **dict.fromkeys(_BY_HAND, by_hand),
    }  # fmt: skip
    answer = asked.get

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if (own_answer := answer(event)) is not None:
            own_answer(event, given)

    return hook
