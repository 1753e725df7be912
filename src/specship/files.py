"""Writing that survives a crash: a name exists only once its bytes are on the disk.

Files are written beside their final name, flushed, and linked or renamed into place; folders
are written under another name and renamed once their manifest verifies. A full disk or a kill
leaves temporary files, never half of something under a name that counts. Their names say who
writes them; whoever next writes into the folder takes away those whose writer is long dead.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import re
import shutil
import time
from typing import TYPE_CHECKING, Any, Final

from specship.errors import CannotWrite, UnusableInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_FOLDER_FLUSH: Final = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems answer that keep no entries of their own to flush; any other answer is a failure."""
_MENDS: Final = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        "free some space, or point the project at another disk, and run the same command again",
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE),
        "too many files are open: raise the limit (`ulimit -n`), and run the same command again",
    ),
    errno.EIO: "the disk reports an error: look after it first, then run the same command again",
}
_MEND: Final = "make the folder a writable one, and run the same command again"

_TEMPORARY: Final = re.compile(r"\.tmp-(?P<pid>[0-9]+)-(?:(?P<boot>[0-9a-f]{8})-)?[0-9a-f]{12}")
_LEFT_SECONDS: Final = 24 * 3600
"""Age at which a temporary file of a dead writer is taken away; younger ones may be another machine's."""


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn an operating system's refusal to write into `CannotWrite` with place, cause and mend.

    Raises:
        CannotWrite: the disk is full, a quota is reached, or the file or folder refuses the write.
    """
    try:
        yield
    except OSError as error:
        raise CannotWrite(
            f"cannot write: {error.strerror}",
            at=path,
            why="the operating system refused the write; nothing was left half-written",
            mend=_MENDS.get(error.errno or 0, _MEND),
        ) from error


def sync_folder(folder: Path | str) -> None:
    """Flush a folder's own entries, without which a new name can be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FLUSH:
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each flushed into the one above."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync_folder(one.parent)


@functools.cache
def _boot() -> str:
    """Eight digits that name this start of the machine: processes of an earlier one are dead."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 (every command's)
            return file.read(8)
    except OSError:
        return "0" * 8


_swept: set[tuple[int, str]] = set()


def temporary_beside(path: Path) -> Path:
    """A new name in the same folder that says which process writes there.

    The first time that a process writes into a folder, what dead writers left there a day ago goes.
    """
    swept = (os.getpid(), str(path.parent))
    if swept not in _swept:
        _swept.add(swept)
        sweep(path.parent)
    return path.with_name(f".tmp-{os.getpid()}-{_boot()}-{os.urandom(6).hex()}")


def sweep(folder: Path, *, older_than: float = _LEFT_SECONDS) -> tuple[str, ...]:
    """Take away temporary files and folders that are so many seconds old and whose writer is dead.

    Returns their names. What cannot be removed stays: nobody's work waits for it.
    """
    gone = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            named = _TEMPORARY.fullmatch(entry.name) if entry.name.startswith(".tmp-") else None
            if named is None or _lives(int(named["pid"]), named["boot"]):
                continue
            with contextlib.suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime < older_than:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    import shutil  # every command imports this module, and few find a folder

                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)  # noqa: PTH108 (a name of scandir's)
                gone.append(entry.name)
    return tuple(gone)


def _lives(pid: int, boot: str | None) -> bool:
    """Whether the writer can still be at work on this machine."""
    if boot != _boot():
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # somebody else's process
    return True


def _discard(path: Path) -> None:
    """Take a temporary file away; one that stays is swept later, and hides no other failure."""
    with contextlib.suppress(OSError):
        path.unlink()


def _write_temporary(path: Path, data: bytes, mode: int = 0o644) -> Path:
    """A flushed file beside a path. A failed flush is final: a second may succeed though bytes are lost."""
    temporary = temporary_beside(path)
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        try:
            view = memoryview(data)
            while view:
                written = os.write(descriptor, view)
                if written == 0:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                view = view[written:]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        _discard(temporary)
        raise
    return temporary


def write_file(path: Path, data: bytes | str) -> None:
    """Write or replace a file so that its name always shows either the old or the new bytes.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    with write_errors(path):
        make_folder(path.parent)
        temporary = _write_temporary(path, data.encode() if isinstance(data, str) else data)
        try:
            temporary.replace(path)
        except BaseException:
            _discard(temporary)
            raise
        sync_folder(path.parent)


def write_new_file(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """Create a file that must not be replaced; False when the same bytes were already there.

    Raises:
        CannotWrite: the disk is full or refuses, or the name is taken by other bytes.
    """
    with write_errors(path):
        make_folder(path.parent)
        temporary = _write_temporary(path, data, mode)
        try:
            new = _link(temporary, path, data)
        finally:
            _discard(temporary)
        sync_folder(path.parent)  # of equal bytes too: whoever linked them may not have come so far
        return new


def _link(temporary: Path, path: Path, data: bytes) -> bool:
    try:
        os.link(temporary, path)
    except OSError as error:
        if path.exists():
            if path.read_bytes() != data:
                raise CannotWrite(
                    "the name is taken by other bytes",
                    at=path,
                    why="a file named by its digest never changes",
                    mend="move the damaged file away and run the same command again",
                ) from error
            return False
        if error.errno not in _NO_LINKS:
            raise
        temporary.replace(path)  # a file system without links: the name was just seen to be free
    return True


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON; NaN and infinity are refused because JSON has neither."""
    write_file(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def publish_folder(partial: Path, final: Path) -> None:
    """Flush every file of a finished folder and rename it into place.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    with write_errors(final):
        for folder, _, names in os.walk(partial, topdown=False):
            for name in names:
                descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)  # noqa: PTH118 (os.walk's own)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            sync_folder(folder)
        make_folder(final.parent)
        partial.rename(final)
        sync_folder(final.parent)


@contextlib.contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """A folder to work in on the disk of a path, gone with the block, or swept when a kill ends it.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    with write_errors(path):
        make_folder(path.parent)
        scratch = temporary_beside(path)
        scratch.mkdir()
    try:
        yield scratch
    finally:
        import shutil  # every command imports this module, and few write folders

        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """A folder to write into that gets its name when the block ends well, and is gone when it does not.

    Raises:
        UnusableInput: there is something under that name already.
        CannotWrite: the disk is full or refuses.
    """
    if final.exists() or final.is_symlink():
        raise UnusableInput("there is something here already", at=final, mend="name a new folder")
    with scratch_beside(final) as partial:
        yield partial
        publish_folder(partial, final)


@contextlib.contextmanager
def resumed_folder(final: Path) -> Iterator[Path]:
    """The same, but what was written stays beside it when the block is ended early, and is gone on with.

    The folder is called as the final one, with `.partial` behind: whoever writes there can continue. Where
    the input was refused there is nothing to go on with, and a folder that was begun here goes again.

    Raises:
        UnusableInput: there is something under that name already.
        CannotWrite: the disk is full or refuses.
    """
    if final.exists() or final.is_symlink():
        raise UnusableInput("there is something here already", at=final, mend="name a new folder")
    partial = final.with_name(f"{final.name}.partial")
    begun_before = partial.exists()
    with write_errors(partial):
        make_folder(partial)
    try:
        yield partial
    except UnusableInput:
        if not begun_before:
            shutil.rmtree(partial, ignore_errors=True)
        raise
    publish_folder(partial, final)
