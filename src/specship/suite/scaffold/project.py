"""A working project in an empty folder, or in one whose pyproject.toml knows nothing of specship yet."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.registry import stage_named
from specship.probes.registry import all_probes
from specship.suite.scaffold.naming import checked_slug, slug_of
from specship.suite.scaffold.placing import Draft, place
from specship.suite.scaffold.pyproject import with_project
from specship.suite.scaffold.starter import starter_files

_IGNORED: Final = ".specship/"
_OTHERWISE: Final = "my-model"


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written, and what is left to do."""

    root: Path
    name: str
    files: tuple[str, ...]
    """Files within the project, in the order of writing."""
    notes: tuple[str, ...]
    """What could not be done safely and a person should do."""
    unbound: str
    """The gate that waits for a probe."""


def begin_project(folder: Path, name: str | None = None) -> Begun:
    """Write the project; its name is the folder's unless another one is given.

    Raises:
        UnusableInput: files are in the way (all are listed), or the name is unusable; nothing is written.
        CannotWrite: the disk is full or refuses; nothing stays.
    """
    root = folder.resolve()
    if root.exists() and not root.is_dir():
        raise UnusableInput("not a folder", at=folder, mend="name a folder, which may be a new one")
    name = checked_slug(name, what="project") if name is not None else slug_of(root.name) or _OTHERWISE
    if f"{name.replace('-', '_')}.readable_text" in all_probes():
        raise UnusableInput(f"{name!r} is what shipped probes are called", mend="give another --name")
    table, notes = with_project(root, name)
    drafts = [Draft(path, text) for path, text in starter_files(name).items()]
    if (ignored := ignoring(root)) is not None:
        drafts.append(ignored)
    drafts.append(table)  # last: only now is the folder a project
    place(root, drafts)
    files = tuple(draft.path for draft in drafts)
    notes = (*notes, *_missing_packages())
    return Begun(root, name, files, notes, unbound=f"GATE-{name.upper()}-005")


def _missing_packages() -> tuple[str, ...]:
    """What the light install lacks to make a corpus; said now, because every gate waits for it."""
    packages = stage_named("corpus").packages
    absent = [package for package in packages if importlib.util.find_spec(package) is None]
    said = f"the gates need {' and '.join(absent)} here: pip install 'specship[pipeline]'"
    return (said,) if absent else ()


def ignoring(root: Path) -> Draft | None:
    """.gitignore with the folder of what is made here; None when it is there already.

    Raises:
        UnusableInput: it cannot be read as text.
    """
    path = root / ".gitignore"
    if not path.is_symlink() and not path.exists():
        return Draft(path.name, f"{_IGNORED}\n__pycache__/\n")
    try:
        old = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput("cannot be read as text", at=path, mend="mend or move the file") from error
    if _IGNORED in old.split():
        return None
    return Draft(path.name, old + ("\n" if old and not old.endswith("\n") else "") + f"{_IGNORED}\n", old)
