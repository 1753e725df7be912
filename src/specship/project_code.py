"""A project's own Python files: probes and faults that it keeps beside its contracts."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from specship.errors import UnusableInput


def own_files(folder: Path | None) -> Mapping[str, Path]:
    """The Python files of a project's own folder by their stems; empty without a folder."""
    return {path.stem: path for path in sorted(folder.glob("[!_]*.py"))} if folder else {}


class _SourceOnly(SourceFileLoader):
    """Compiles the source that lies there; a compiled file beside it, old or forged, is never asked."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader protocol
        """The code of the file's own characters."""
        return self.source_to_code(self.get_data(self.path), self.path)


def load_source(path: Path, package: str) -> ModuleType:
    """The module of a project's own file, made from the characters that lie there.

    Raises:
        UnusableInput: it is no Python file.
        Exception: whatever the file's own code raises.
    """
    loader = _SourceOnly(f"{package}.{path.stem}", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    if spec is None:
        raise UnusableInput("not a Python file", at=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module
