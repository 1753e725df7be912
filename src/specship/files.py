"""Writing that survives a crash: a name exists only once its bytes are on the disk.

Files are written beside their final name, flushed, and linked or renamed into place; folders
are written under another name and renamed once their manifest verifies. A full disk or a kill
leaves temporary files, never half of something under a name that counts.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from typing import TYPE_CHECKING, Any

from specship.errors import CannotWrite, UnusableInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn an operating system's refusal to write into `CannotWrite` with place, cause and mend.

    Raises:
        CannotWrite: the disk is full, a quota is reached, or the file or folder refuses the write.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            mend = "free some space, or point the project at another disk, and run the same command again"
        else:
            mend = "make the folder a writable one, and run the same command again"
        raise CannotWrite(
            f"cannot write: {error.strerror}",
            at=path,
            why="the operating system refused the write; nothing was left half-written",
            mend=mend,
        ) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder's own entries, without which a new name can be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_temporary(path: Path, data: bytes) -> Path:
    temporary = path.with_name(f".tmp-{os.getpid()}-{os.urandom(6).hex()}")
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def write_file(path: Path, data: bytes | str) -> None:
    """Write or replace a file so that its name always shows either the old or the new bytes.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _write_temporary(path, data.encode() if isinstance(data, str) else data)
        try:
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def write_new_file(path: Path, data: bytes) -> bool:
    """Create a file that must not be replaced; False when the same bytes were already there.

    Raises:
        CannotWrite: the disk is full or refuses, or the name is taken by other bytes.
    """
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _write_temporary(path, data)
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
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
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
        for folder, _, names in os.walk(partial):
            for name in names:
                descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)  # noqa: PTH118 (os.walk's own)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        sync_folder(partial)
        final.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(final)
        sync_folder(final.parent)


@contextlib.contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """A folder to write into that gets its name when the block ends well, and is gone when it does not.

    Raises:
        UnusableInput: there is something under that name already.
        CannotWrite: the disk is full or refuses.
    """
    if final.exists() or final.is_symlink():
        raise UnusableInput("there is something here already", at=final, mend="name a new folder")
    partial = final.with_name(f".tmp-{os.getpid()}-{os.urandom(6).hex()}")
    try:
        with write_errors(final):
            partial.mkdir(parents=True)
        yield partial
        publish_folder(partial, final)
    finally:
        import shutil  # every command imports this module, and few write folders

        shutil.rmtree(partial, ignore_errors=True)
