"""A project's own Python files: probes and faults that it keeps beside its contracts.

Faces list and read them. Only the processes that measure, or plant a fault, load one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final, NamedTuple

from specship.code_digests import imported_modules
from specship.errors import UnknownName, UnusableInput


def own_files(folder: Path | None) -> Mapping[str, Path]:
    """The Python files of a project's own folder by their stems; empty without a folder."""
    return {path.stem: path for path in sorted(folder.glob("[!_]*.py"))} if folder else {}


GROUPS: Final = ("specship.probes", "specship.stages")
"""Entry-point groups of what other distributions bring."""
SETTINGS: Final = "pyproject.toml"


class BroughtFile(NamedTuple):
    """A Python file of an installed distribution that an entry point leads to."""

    name: str
    """Of the entry point."""
    module: str
    path: Path
    home: Path
    """All the code that comes with it: the package at the top, or the one file."""


def brought_by(distribution: str, group: str) -> list[BroughtFile]:
    """The files behind the entry points of a distribution, found in its list of files and not imported.

    Raises:
        UnknownName: it is not installed.
        UnusableInput: an entry point leads to none of its files.
    """
    from importlib import metadata

    try:
        found = metadata.distribution(distribution)
    except metadata.PackageNotFoundError as error:
        mend = "install it, or take it out of [tool.specship] probe_distributions"
        said = f"the distribution {distribution!r} is not installed"
        raise UnknownName(said, at=SETTINGS, mend=mend) from error
    listed = {str(path): path for path in found.files or ()}
    files = []
    for point in sorted(found.entry_points.select(group=group), key=lambda point: point.module):
        stem = point.module.replace(".", "/")
        inside = next((one for one in (f"{stem}.py", f"{stem}/__init__.py") if one in listed), None)
        if inside is None:
            raise UnusableInput(
                f"the entry point {point.name!r} of {distribution!r} leads to {point.module}, none of its "
                "files",
                at=SETTINGS,
                why="its code is read without importing it, and an editable install does not list its files",
                mend=f"install {distribution!r} as it will be used, without --editable",
            )
        path = Path(str(found.locate_file(listed[inside])))
        home = Path(str(found.locate_file(inside.split("/", 1)[0])))
        files.append(BroughtFile(point.name, point.module, path, home))
    return files


def imported_files(home: Path, file: Path, package: str) -> frozenset[Path]:
    """A Python file of a folder, and those of the folder that it imports, directly or around.

    `package` is what the folder is called where its files are loaded. Only imports that stand in the text are
    found.

    Raises:
        SyntaxError, ValueError, OSError: one of them is no Python, or cannot be read.
    """
    pending, found = [file], set[Path]()
    while pending:
        path = pending.pop()
        if path in found or path.is_symlink() or not path.is_file():
            continue
        found.add(path)
        module = ".".join([package, *path.relative_to(home).with_suffix("").parts])
        for name in imported_modules(path.read_text(encoding="utf-8"), module):
            place = home.joinpath(*name.split(".")[1:])
            above = (folder for folder in place.parents if folder != home and folder.is_relative_to(home))
            pending += [place.with_name(f"{place.name}.py"), place / "__init__.py"]
            pending += [folder / "__init__.py" for folder in above]
    return frozenset(found)


class _SourceOnly(SourceFileLoader):
    """Compiles the source that lies there; a compiled file beside it, old or forged, is never asked."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader protocol
        """The code of the file's own characters."""
        return self.source_to_code(self.get_data(self.path), self.path)


def source_only(home: Path, package: str = "") -> None:
    """Have everything that is imported from below a folder compiled from the characters that lie there.

    `package` names the folder as a package, where it is none by itself.
    """
    found = FileFinder.path_hook((_SourceOnly, [".py"]))

    def hook(entry: str) -> Any:
        if not Path(entry).is_relative_to(home):
            raise ImportError(entry)
        return found(entry)

    sys.path_hooks.insert(0, hook)
    for known in [entry for entry in sys.path_importer_cache if Path(entry).is_relative_to(home)]:
        del sys.path_importer_cache[known]
    if package:
        module = ModuleType(package)
        module.__path__ = [str(home)]
        sys.modules[package] = module


def load_source(path: Path, package: str) -> ModuleType:
    """The module of a project's own file, made from the characters that lie there.

    Raises:
        UnusableInput: it is no Python file.
        Exception: whatever the file's own code raises.
    """
    name = f"{package}.{path.stem}"
    if name in sys.modules:  # another file of the folder imported it
        return sys.modules[name]
    loader = _SourceOnly(name, str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    if spec is None:
        raise UnusableInput("not a Python file", at=path, mend="mend or remove it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module
