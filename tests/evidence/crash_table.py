"""A process that has each system call of a writer fail in turn, and looks at what is left: `WAY EVERY [WRITER ...]`.

It forks for each point, so that imports are no part of what is looked at. The way `traced` has strace fail or
kill the real call; `patched` puts the failure into `os` of the child, for where no process may trace another, and
for writes that are cut short. Of all points every so many-th is looked at. It prints a JSON list: for each writer
its points by kind of failure, and what went wrong at which.
"""

import errno
import json
import mmap
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from specship.errors import SpecshipError
from specship.evidence.ledger import read_ledger
from specship.files import sweep
from tests.evidence.crash_writers import WRITERS, Endless, Statements, Writer

CALLS: Final = ("openat", "write", "fsync", "link", "unlink", "rename", "mkdir", "close")
FAILURES: Final = ("SIGKILL", "ENOSPC", "EIO", "EDQUOT", "EMFILE")
SCRATCH: Final = next((name for name in ("/dev/shm",) if os.access(name, os.W_OK)), None)  # noqa: S108
"""Where flushing costs nothing; what a flush is worth after a loss of power is no part of this."""
PATCHED: Final = {
    "openat": ("open",), "write": ("write",), "fsync": ("fsync",), "link": ("link",), "unlink": ("unlink",),
    "rename": ("rename", "replace"), "mkdir": ("mkdir",), "close": ("close",),
}  # fmt: skip
"""The functions of `os` that make each call."""


class Point(NamedTuple):
    """One call of a writer, and how it fails: the K-th of its kind alone, or that one and all after it."""

    call: str
    number: int
    failure: str
    lasting: bool


class Ending(NamedTuple):
    """How a writer ended."""

    acknowledged: list[str]
    status: int
    said: str


def _be_the_writer(writer: Writer, folder: Path, acknowledged: mmap.mmap) -> None:
    """Run a writer in this process and leave it as a command would: 2 for what is told, 3 for a traceback."""
    count = 0

    def acknowledge(text: str) -> None:  # into memory that is shared: no call that could fail
        nonlocal count
        acknowledged[64 * count : 64 * count + 64] = text.encode().ljust(64)
        count += 1

    status, said = 0, ""
    try:
        writer.write(folder, acknowledge)
    except SpecshipError as error:
        status, said = 2, str(error)
    except BaseException:  # noqa: BLE001 - whatever else it is, it is a traceback for the user
        status, said = 3, traceback.format_exc()
    acknowledged[-4096:] = said.encode()[:4096].ljust(4096)
    os._exit(status)


def given(shared: mmap.mmap) -> list[str]:
    """What a writer acknowledged: words of 64 bytes, padded.

    A kill may fall between two halves of a copy, so a word whose last byte is missing was not given.
    """
    words = (shared[place : place + 64] for place in range(0, len(shared) - 4096, 64))
    return [word.decode().strip() for word in words if word[-1]]


def run(
    writer: Writer, folder: Path, inject: Callable[[int], Any] | None = None, patch: Point | None = None
) -> Ending:
    """One writer in a process of its own; `inject` gets its number before it begins."""
    shared = mmap.mmap(-1, 1 << 16)
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(ready, 1)
        if patch:
            patch_calls(patch)
        _be_the_writer(writer, folder, shared)
    os.close(ready)
    tracer = inject(child) if inject else None
    os.write(go, b".")
    os.close(go)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if tracer is not None:
        tracer.wait()
        tracer.stderr.close()
    return Ending(given(shared), status, shared[-4096:].rstrip(b"\0 ").decode())


def attach(child: int, *options: str) -> "subprocess.Popen[str]":
    """A tracer of a process, once it has it."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(child), *options], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )  # fmt: skip
    assert tracer.stderr is not None
    line = tracer.stderr.readline()
    if "attached" not in line:
        raise SystemExit(f"strace: {line}{tracer.stderr.read()}")
    return tracer


def patch_calls(point: Point) -> None:
    """Have calls of this process fail, short ones included, which no tracer can make."""
    seen = 0

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **names: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen < point.number or (seen > point.number and not point.lasting):
                return original(*arguments, **names)
            if point.failure == "SIGKILL":
                os.kill(os.getpid(), signal.SIGKILL)
            if point.failure == "short write":
                target, data = arguments
                return original(target, data[: max(1, len(data) // 2)])
            number = getattr(errno, point.failure)
            raise OSError(number, os.strerror(number))

        return call

    for name in PATCHED[point.call]:
        setattr(os, name, failing(getattr(os, name)))


def calls_of(writer: Writer) -> dict[str, int]:
    """How many calls of each kind a writer makes that nobody disturbs."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        writer.prepare(Path(name))
        shared = mmap.mmap(-1, len(CALLS))

        def counting(place: int, original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **names: Any) -> Any:
                shared[place] += 1
                return original(*arguments, **names)

            return call

        child = os.fork()
        if child == 0:
            for place, call in enumerate(CALLS):
                for function in PATCHED[call]:
                    setattr(os, function, counting(place, getattr(os, function)))
            _be_the_writer(writer, Path(name), mmap.mmap(-1, 64 * 64 + 4096))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return {call: shared[place] for place, call in enumerate(CALLS)}


def traced_calls_of(writer: Writer) -> dict[str, int]:
    """The same as the kernel sees them."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder, log = Path(name, "folder"), Path(name, "log")
        folder.mkdir()
        writer.prepare(folder)
        run(writer, folder, lambda child: attach(child, "-e", f"trace={','.join(CALLS)}", "-o", str(log)))
        words = [line.split("(", 1)[0].split()[-1] for line in log.read_text().splitlines() if "(" in line]
        return {call: words.count(call) for call in CALLS}


def points(counted: dict[str, int], way: str) -> Iterator[Point]:
    """Every call, failing once in each way, and cut short from there on."""
    for call, count in counted.items():
        for number in range(1, count + 1):
            if call == "write" and way == "patched":
                yield Point(call, number, "short write", lasting=False)
                yield Point(call, number, "short write", lasting=True)
            for failure in FAILURES:
                yield Point(call, number, failure, lasting=False)
                if failure != "SIGKILL":
                    yield Point(call, number, failure, lasting=True)


def left(folder: Path) -> list[Path]:
    """What is there under temporary names."""
    return list(folder.rglob(".tmp-*"))


def look(writer: Writer, point: Point, way: str) -> str:
    """What is wrong after a failure at one point; empty when nothing is."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        writer.prepare(folder)
        if way == "patched":
            ending = run(writer, folder, patch=point)
        else:
            how = "signal=SIGKILL" if point.failure == "SIGKILL" else f"error={point.failure}"
            when = f"{point.number}+" if point.lasting else str(point.number)
            rule = f"inject={point.call}:{how}:when={when}"
            ending = run(writer, folder, lambda child: attach(child, "-e", f"trace={point.call}", "-e", rule, "-o", os.devnull))  # fmt: skip
        try:
            assert ending.status in {0, 2, -signal.SIGKILL}, f"status {ending.status}: {ending.said}"
            if point.failure == "short write":
                assert ending.status == 0, ending.said
            writer.examine(folder, ending.acknowledged)
            if ending.status != -signal.SIGKILL and point.call != "unlink":
                assert not left(folder), "a writer that lived left temporary files"
            assert len(left(folder)) <= 3 or point.call == "unlink", f"{len(left(folder))} temporary files"
            for path in left(folder):
                os.utime(path, (0, 0))
            again = run(writer, folder)
            assert again.status == 0, f"the next run: {again.said}"
            writer.examine(folder, again.acknowledged)
            assert writer.whole(folder), "the next run did not continue"
            if not writer.sweeps:
                for path in left(folder):
                    sweep(path.parent)
            assert not left(folder), f"nobody swept {left(folder)}"
        except (AssertionError, SpecshipError) as wrong:
            return f"{point}: {wrong}"
        return ""


def row(writer: Writer, way: str, every: int) -> dict[str, Any]:
    """What one writer survives."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:  # whatever is imported late is imported now
        writer.prepare(Path(folder))
        writer.write(Path(folder), lambda _text: None)
    counted = traced_calls_of(writer) if way == "traced" else calls_of(writer)
    kinds: dict[str, int] = {}
    wrong = []
    for number, point in enumerate(points(counted, way)):
        if number % every == 0:
            kinds[point.failure] = kinds.get(point.failure, 0) + 1
            if found := look(writer, point, way):
                wrong.append(found)
    return {"writer": writer.name, "calls": counted, "points": kinds, "wrong": wrong}


def kills(rounds: int, seed: int = 7) -> dict[str, Any]:
    """A writer of statements that is killed at random moments, and goes on in the same ledger."""
    writer, chance = Statements(), random.Random(seed)  # noqa: S311
    acknowledged: list[str] = []
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        writer.prepare(folder)
        for number in range(rounds):
            shared = mmap.mmap(-1, 1 << 16)
            child = os.fork()
            if child == 0:
                _be_the_writer(Endless(number), folder, shared)
            until, wanted = time.monotonic() + 5, 64 * chance.randrange(5)
            while shared[wanted - 1 : wanted] == b"\0" and time.monotonic() < until:
                time.sleep(0.0005)
            time.sleep(chance.random() * 0.002)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            acknowledged += given(shared)
        temporary = left(folder)
        for path in temporary:
            os.utime(path, (0, 0))
        last = run(writer, folder)
        ledger = read_ledger([folder / "ledger"], keys=frozenset())
        present = {entry.digest for entry in ledger.entries}
        return {
            "kills": rounds, "acknowledged": len(acknowledged), "present": len(present),
            "lost": len(set(acknowledged) - present), "damaged": len(ledger.damaged), "holes": len(ledger.holes),
            "temporary": len(temporary), "not swept": len(left(folder)), "status": last.status,
        }  # fmt: skip


def full_disk(folder: Path) -> dict[str, Any]:
    """A ledger on a disk that gets full, is freed, and is then mounted for reading alone; as a root of its own."""
    found: dict[str, Any] = {}
    for full, options in (("bytes", "size=256k"), ("names", "size=8m,nr_inodes=24")):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        room = [folder / f"room-{number}" for number in range(8)]
        for path in room:
            path.write_bytes(b"x" * (1 << 13))
        ending = run(Endless(0), folder)
        before = read_ledger([folder / "ledger"], keys=frozenset())
        for path in room:
            path.unlink()
        again = run(Statements(), folder)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        refused = run(Endless(1), folder)
        after = read_ledger([folder / "ledger"], keys=frozenset())
        found[full] = {
            "status": ending.status, "said": ending.said, "acknowledged": len(ending.acknowledged),
            "lost": len(set(ending.acknowledged) - {entry.digest for entry in before.entries}),
            "damaged": len(before.damaged) + len(after.damaged), "left": len(left(folder)),
            "freed": again.status, "read-only": refused.status, "refused": refused.said,
            "still there": len(after.entries) - len(before.entries),
        }  # fmt: skip
        subprocess.run(["umount", folder], check=True)
    return found


def main(way: str, number: str, *names: str) -> None:
    """Print what survives what."""
    found: object
    if way == "kills":
        found = kills(int(number))
    elif way == "full":
        found = full_disk(Path(number))
    else:
        asked = [writer for name, writer in WRITERS.items() if name in (names or WRITERS)]
        found = [row(writer, way, int(number)) for writer in asked]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *sys.argv[3:])
