"""Putting files into a project: all of them or none, and never over one that is there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from specship.errors import UnreadableDocument, UnusableInput
from specship.files import write_file, write_new_file


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is about to be written."""

    path: str
    """Within the project, with `/`."""
    text: str
    instead_of: str | None = None
    """The text it replaces, which must still be there; None for a file that must be new."""


def place(root: Path, drafts: Sequence[Draft]) -> None:
    """Write every draft; when one cannot be written, none of them stays.

    Raises:
        UnusableInput: something stands in the way; everything that does is listed, nothing was written.
        CannotWrite: the disk is full or refuses; what had been written was taken back.
    """
    require_free(root, drafts)
    made = _absent_folders(root, drafts)
    done: list[Draft] = []
    try:
        for draft in drafts:
            if draft.instead_of is not None:
                write_file(root / draft.path, draft.text)
                done.append(draft)
            elif write_new_file(root / draft.path, draft.text.encode()):
                done.append(draft)
    except BaseException:
        _take_back(root, done, made)
        raise


def require_free(root: Path, drafts: Iterable[Draft]) -> None:
    """Nothing, where every draft can be written.

    Raises:
        UnusableInput: something stands in the way; everything that does is listed.
    """
    if faults := [fault for draft in drafts for fault in _obstacles(root, draft)]:
        raise UnreadableDocument(faults)


def _obstacles(root: Path, draft: Draft) -> Iterable[UnusableInput]:
    target = root / draft.path
    for folder in (*reversed(target.parents),):
        if folder.is_relative_to(root) and (folder.is_symlink() or folder.exists()) and not folder.is_dir():
            yield UnusableInput("a folder is needed here, and this is none", at=folder, mend="move it away")
            return
    if not target.parent.resolve().is_relative_to(root.resolve()):
        yield UnusableInput("this leads out of the project", at=target, mend="put a folder in its place")
    elif draft.instead_of is None:
        if target.is_symlink() or target.exists():
            yield UnusableInput(
                "there is such a file already", at=target, why="no file is ever replaced",
                mend="move it away, or choose another name",
            )  # fmt: skip
    elif target.is_symlink() or not target.is_file():
        yield UnusableInput("not a regular file", at=target, mend="edit it by hand")
    elif target.read_bytes() != draft.instead_of.encode():
        yield UnusableInput(
            "it changed while it was being edited", at=target, mend="run the same command again"
        )


def _absent_folders(root: Path, drafts: Iterable[Draft]) -> list[Path]:
    """Folders that the drafts will bring, innermost first."""
    wanted = {folder for draft in drafts for folder in (root / draft.path).parents}
    return sorted((folder for folder in wanted if not folder.exists()), reverse=True)


def _take_back(root: Path, done: Iterable[Draft], made: Iterable[Path]) -> None:
    for draft in done:
        if draft.instead_of is not None:
            write_file(root / draft.path, draft.instead_of)
        else:
            (root / draft.path).unlink(missing_ok=True)
    for folder in made:
        with contextlib.suppress(OSError):  # somebody else may have put something into it
            folder.rmdir()
