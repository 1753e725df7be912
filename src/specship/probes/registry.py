"""Every probe by name.

Found in this folder, under the entry-point group `specship.probes`, and in the folder that
`[tool.specship] probes` names: adding a probe edits no other file.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from specship.code_digests import code_digest, code_shape, imported_code
from specship.digests import digest_of
from specship.discovery import Folder
from specship.errors import UnusableInput
from specship.probes.probe import Probe, probes_of
from specship.project_code import load_source, own_files

PROBES: Final = Folder("specship.probes", apart=("probe", "registry"))
_ELSEWHERE: Final = "specship.probes"
"""Entry-point group of probes that other distributions bring."""


@functools.cache
def _shipped() -> Mapping[str, Probe]:
    found: dict[str, Probe] = {}
    for name in PROBES.names:
        _add(found, probes_of(PROBES.load(name), partial(code_digest, PROBES.dotted(name))))
    for point in importlib.metadata.entry_points(group=_ELSEWHERE):
        _add(found, probes_of(importlib.import_module(point.module), partial(code_digest, point.module)))
    return found


def _add(found: dict[str, Probe], more: Mapping[str, Probe]) -> None:
    for name, entry in more.items():
        if name in found:
            raise UnusableInput(
                f"two probes are called {name!r}: in {found[name].module} and in {entry.module}",
                mend="rename one of them",
            )
        found[name] = entry


def folder_code(folder: Path) -> str:
    """Digest of the code of every Python file below a folder, and of the modules of ours they import.

    Any file of the folder can change what another one measures, so all of them count for each.

    Raises:
        UnusableInput: a file is not Python.
    """
    shapes = {}
    for path in sorted(folder.rglob("*.py")):
        try:
            source = path.read_text(encoding="utf-8")
            ours = imported_code(source, "specship")
            shapes[path.relative_to(folder).as_posix()] = [code_shape(source), ours]
        except (SyntaxError, ValueError, OSError) as error:
            raise UnusableInput(f"not a Python file: {error}", at=path, mend="mend or remove it") from error
    return digest_of(shapes)


def _together(entry: Probe, folder: Callable[[], str]) -> str:
    return digest_of([entry.code, folder()])


def all_probes(folder: Path | None = None) -> Mapping[str, Probe]:
    """Every probe by name: shipped ones, entry points, and the files of a project's own folder.

    Raises:
        UnusableInput: two probes share a name, or a file of the folder cannot be imported.
    """
    found = dict(_shipped())
    if folder is not None:
        code = functools.cache(partial(folder_code, folder))
        for path in own_files(folder).values():
            try:
                module = load_source(path, "specship_project_probes")
            except (Exception, SystemExit) as error:
                mend = "a probe file must be importable on its own; import what weighs inside the probe"
                raise UnusableInput(f"cannot import the probe file: {error!r}", at=path, mend=mend) from error
            _add(found, probes_of(module, code))
        # A project's own files run in the process that measures with shipped probes too.
        found = {name: replace(entry, coded=partial(_together, entry, code)) for name, entry in found.items()}
    return found
