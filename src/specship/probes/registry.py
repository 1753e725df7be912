"""Every probe by name, as its file declares it; none of these files is run here.

Found in this folder, in the folder that `[tool.specship] probes` names, and behind the entry points
`specship.probes` of the distributions that `[tool.specship] probe_distributions` names: adding a probe edits
no other file.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from specship.code_digests import code_digest, imported_code, imported_modules
from specship.digests import digest_of, sha256_file
from specship.discovery import Folder
from specship.errors import UnreadableDocument, UnusableInput
from specship.probes.declared import declared_in
from specship.probes.probe import Probe
from specship.project_code import GROUPS, SETTINGS, brought_by, imported_files, own_files

if TYPE_CHECKING:
    from specship.specs.project import Configuration

PROBES: Final = Folder("specship.probes", apart=("declared", "measuring", "probe", "registry"))
OWN: Final = "specship_project_probes"
"""The package as which a project's own folder is loaded where it measures."""
_GROUP: Final = "specship.probes"
"""Entry-point group of probes that other distributions bring."""


@functools.cache
def _shipped() -> Mapping[str, Probe]:
    return _joined(_read(PROBES.file(name), PROBES.dotted(name)) for name in PROBES.names)


def _read(path: Path, module: str, *, home: Path | None = None, shown: str = "") -> list[Probe]:
    """The probes of one file; `home` holds all the code that comes with it, where that is not ours.

    Raises:
        UnreadableDocument: what it declares cannot be read; each fault has its place.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UnusableInput(f"cannot be read: {error.strerror}", at=path, mend="mend or remove it") from error
    found = declared_in(source, str(path), shown=shown)
    if found.faults:
        raise UnreadableDocument(found.faults)
    coded = (
        partial(code_digest, module)
        if home is None
        else partial(folder_code, home, _of_project(module, path))
    )
    return [
        Probe(
            p.name,
            p.units,
            p.checked,
            p.artifacts,
            p.function,
            module,
            path,
            p.text,
            home,
            coded,
            p.own_units,
        )
        for p in found.probes
    ]


def _joined(files: Iterable[Iterable[Probe]]) -> dict[str, Probe]:
    """Probes of many files by name.

    Raises:
        UnusableInput: two have one name, or mean different things by one unit of their own.
    """
    found: dict[str, Probe] = {}
    meant: dict[str, tuple[str, Probe]] = {}
    for own in files:
        for entry in own:
            if entry.name in found:
                other = found[entry.name].module
                said = f"two probes are called {entry.name!r}: in {other} and in {entry.module}"
                raise UnusableInput(said, mend="rename one of them")
            found[entry.name] = entry
            for unit, meaning in entry.own_units.items():
                before, other_probe = meant.setdefault(unit, (meaning, entry))
                if before != meaning:
                    said = f"{unit} means two things: in {other_probe.module} and in {entry.module}"
                    raise UnusableInput(said, mend="write the same text in both, or rename one of them")
    return found


def _of_project(module: str, path: Path) -> Path | None:
    """The file of a probe of the project's own folder; None for one of a distribution, which counts whole."""
    return path if module.startswith(f"{OWN}.") else None


def readable(probe: Probe) -> Mapping[str, Path]:
    """The files that a probe which is not ours may read beside its artifacts, by their place in its folder.

    Raises:
        UnusableInput: as `folder_code`.
    """
    assert probe.home is not None  # noqa: S101 - ours have no folder of their own
    return _files(probe.home, _of_project(probe.module, probe.path))


def folder_code(home: Path, probe: Path | None = None) -> str:
    """Digest of every byte of a folder (or of one file), and of the modules of ours that its code imports.

    Of the Python files in a project's folder, a probe's own counts for it, and those that this imports;
    tables count for all. What does not count is not there where the probe measures. Compiled files are
    never run.

    Raises:
        UnusableInput: a file is not Python, or is a link, whose bytes another place holds.
    """
    found: dict[str, list[object]] = {}
    for name, path in _files(home, probe).items():
        ours: object = imported_code(_python(path), "specship") if path.suffix == ".py" else {}
        found[name] = [sha256_file(path), ours]
    return digest_of(found)


def _files(home: Path, probe: Path | None) -> dict[str, Path]:
    """The files that count, by their place in the folder."""
    files = {}
    for path in sorted(home.rglob("*")) if home.is_dir() else [home]:
        if "__pycache__" in path.parts or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink() or not path.is_file():
            mend = "put the file itself there: every byte beside a probe counts as its code"
            raise UnusableInput("no plain file", at=path, mend=mend)
        if probe is None or path.suffix != ".py":
            files[path.relative_to(home).as_posix()] = path
    try:
        modules = imported_files(home, probe, OWN) if probe is not None else frozenset()
    except (SyntaxError, ValueError, OSError) as error:
        raise UnusableInput(f"not a Python file: {error}", at=probe, mend="mend or remove it") from error
    return dict(sorted((files | {path.relative_to(home).as_posix(): path for path in modules}).items()))


def _python(path: Path) -> str:
    """The text of a Python file.

    Raises:
        UnusableInput: it is none.
    """
    try:
        source = path.read_text(encoding="utf-8")
        imported_modules(source, "specship")
    except (SyntaxError, ValueError, OSError) as error:
        raise UnusableInput(f"not a Python file: {error}", at=path, mend="mend or remove it") from error
    return source


def probes_in_force(root: Path, configuration: Configuration) -> Mapping[str, Probe]:
    """Every probe that a project's gates may name.

    Raises:
        UnusableInput: as `all_probes`.
    """
    folder = root / configuration.probes if configuration.probes else None
    return all_probes(folder, configuration.probe_distributions, root=root)


def all_probes(
    folder: Path | None = None, distributions: Iterable[str] = (), *, root: Path | None = None
) -> Mapping[str, Probe]:
    """Every probe by name: shipped ones, those of named distributions, and those of a project's own folder.

    Raises:
        UnreadableDocument: a file declares what only running it would show; each has its place.
        UnusableInput: two probes share a name, or a distribution brings none that can be read.
    """
    own = own_files(folder).values()
    if not own and not distributions:
        return _shipped()
    files: list[list[Probe]] = [list(_shipped().values())]
    faults: list[UnusableInput] = []
    for name in distributions:
        files += _of_distribution(name)
    for path in own:
        shown = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else str(path)
        try:
            files.append(_read(path, f"{OWN}.{path.stem}", home=folder, shown=shown))
        except UnreadableDocument as error:
            faults += error.faults
    if faults:
        raise UnreadableDocument(faults)
    return _joined(files)


def _of_distribution(name: str) -> list[list[Probe]]:
    """The probes behind the entry points of a distribution; none where it brings something else instead.

    Raises:
        UnknownName: it is not installed.
        UnusableInput: it brings nothing, or an entry point leads to none of its files.
    """
    found = brought_by(name, _GROUP)
    if not found and not any(brought_by(name, group) for group in GROUPS):
        said = f"the distribution {name!r} has no entry point {_GROUP}"
        raise UnusableInput(said, at=SETTINGS, mend="take it out of [tool.specship] probe_distributions")
    return [_read(one.path, one.module, home=one.home) for one in found]
