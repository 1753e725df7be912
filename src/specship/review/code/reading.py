"""The probes and faults of one side: read as text, never run.

Looked at are the folders that the settings name, and `src/specship` where the repository is specship's own.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from specship.code_digests import CodeReader
from specship.errors import Place, UnreadableDocument, UnusableInput
from specship.probes.declared import DeclaredProbe, declared_in
from specship.review.sides import ProjectSide

OURS: Final = "src/specship"
"""Where specship keeps its own code, when it reviews itself."""
_HOME: Final = "src/"
_NO_FAULT: Final = ("catalogue", "fault")
_ROOTS: Final = ("", "src")
"""Folders of a repository in which its packages lie."""


class SideCode:
    """The Python files of one side, read when they are asked for."""

    def __init__(self, side: ProjectSide, label: str) -> None:
        """`label` tells its private folder from that of the other side."""
        self.side, self._label = side, label
        self._texts: dict[str, str | None] = {}
        self._imported: dict[str, tuple[str, ...]] = {}

    def text(self, path: str) -> str | None:
        """The text of a file; None where there is none, or where it is no text."""
        if path not in self._texts:
            data = next(iter(self.side.tree.read([path]).values()), None)
            try:
                self._texts[path] = None if data is None else data.decode("utf-8")
            except UnicodeDecodeError:
                self._texts[path] = None
        return self._texts[path]

    def _bytes(self, path: str) -> bytes:
        """The bytes of a file; none where there is none."""
        return next(iter(self.side.tree.read([path]).values()), b"")

    @cached_property
    def probe_folder(self) -> list[str]:
        """Every file of the project's own probes."""
        own = self.side.configuration.probes if self.side.configuration else None
        return sorted(path for path in self.side.own_folder(own) if "__pycache__" not in path)

    @cached_property
    def probes(self) -> dict[str, DeclaredProbe]:
        """Every probe that a file of the repository declares, by name."""
        files = [*self.probe_folder, *self._ours("probes")]
        return {
            declared.name: declared
            for path in files
            if path.endswith(".py")
            for declared in declared_in(self._bytes(path), path).probes
        }

    @cached_property
    def faults(self) -> dict[str, str]:
        """The file of each fault of the repository, by its name."""
        own = self.side.configuration.faults if self.side.configuration else None
        folder = self.side.inside(own) if own else ""
        files = [posixpath.join(folder, name) for name in self.side.tree.names(folder)] if own else []
        files += [path for path in self._ours("faults") if posixpath.basename(path)[:-3] not in _NO_FAULT]
        return {
            posixpath.basename(path)[:-3].replace("_", "-"): path
            for path in files
            if path.endswith(".py") and not posixpath.basename(path).startswith("_")
        }

    def check(self) -> None:
        """Whether the project's own probes and faults can be read.

        Raises:
            UnreadableDocument: files are no Python, declare what only running them would show, or two declare
                one probe; each has its place.
        """
        wrong: list[UnusableInput] = []
        declared: dict[str, DeclaredProbe] = {}
        folder = self.side.configuration.faults if self.side.configuration else None
        for path in (*self.probe_folder, *self.side.own_folder(folder)):
            if not path.endswith(".py"):
                continue
            shown = self.side.tree.shown(path)
            found = declared_in(self._bytes(path), path, shown=shown)
            wrong += found.faults
            for own in found.probes:
                if own.name in declared:
                    said = (
                        f"two probes are called {own.name!r}: the other one is in {declared[own.name].path}"
                    )
                    wrong.append(UnusableInput(said, at=Place(shown, own.line), mend="rename one of them"))
                declared[own.name] = own
        if wrong:
            raise UnreadableDocument(wrong)

    @property
    def holds_ours(self) -> bool:
        """Whether the repository is specship's own."""
        return bool(self._ours("pipeline/stages"))

    def _ours(self, folder: str) -> list[str]:
        if self.side.place:
            return []
        names = self.side.tree.names(posixpath.join(OURS, folder))
        return [posixpath.join(OURS, folder, name) for name in sorted(names)]

    def reached(self, path: str) -> dict[str, str]:
        """The text of a file and of each that it imports of the repository, by path within the project.

        What a module of our own package reaches is what its digest counts.

        Raises:
            UnusableInput: our own package has a module that is no Python, or a scan that cannot be followed.
        """
        if path.startswith(f"{OURS}/"):
            name = path.removesuffix(".py").removeprefix(_HOME).replace("/", ".")
            try:
                return {self._file(module): text for module, text in self.reader.behind(name)}
            except (SyntaxError, ValueError) as error:
                said = f"what it reaches cannot be read: {error}"
                raise UnusableInput(said, at=self.side.tree.shown(path), mend="mend that module") from error
        found: dict[str, str] = {}
        pending = [path]
        while pending:
            at = pending.pop()
            text = self.text(at)
            if at in found or text is None:
                continue
            found[at] = text
            pending += self._imports(text, at)
        return {self.named(at): text for at, text in found.items()}

    @cached_property
    def reader(self) -> CodeReader:
        """Of specship's own code as this side has it."""
        self.lay_out([f"{OURS}/{path}" for path, _ in self.side.tree.walk(OURS) if path.endswith(".py")])
        return CodeReader({"specship": self.folder / OURS})

    @cached_property
    def folder(self) -> Path:
        """A private one, in which files are laid out for readers that want a path."""
        return self.side.tree.repository.private(f"code-{self._label}")

    def lay_out(self, paths: list[str]) -> None:
        """Put files of this side there."""
        for path, data in self.side.tree.read(paths).items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def _file(self, module: str) -> str:
        """Where a module of our own package lies."""
        whole = _HOME + module.replace(".", "/")
        return f"{whole}.py" if (self.folder / f"{whole}.py").is_file() else f"{whole}/__init__.py"

    def named(self, path: str) -> str:
        """A path as the project would write it, so that it stays the same where the whole project moves."""
        return posixpath.relpath(path, self.side.place or ".")

    def _imports(self, text: str, path: str) -> tuple[str, ...]:
        """Files that one imports; worked out once, for many probes reach the same."""
        if path not in self._imported:
            self._imported[path] = tuple(dict.fromkeys(self._imported_by(text, path)))
        return self._imported[path]

    def _imported_by(self, text: str, path: str) -> Iterator[str]:
        for name in _imported(text, path):
            for root in self._roots(path):
                whole = posixpath.join(root, *name.split("."))
                for candidate in (f"{whole}.py", f"{whole}/__init__.py"):
                    if self.text(candidate) is not None:
                        yield candidate

    def _roots(self, path: str) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                (
                    *(self.side.inside(root) if root else self.side.place for root in _ROOTS),
                    *_ROOTS,
                    posixpath.dirname(path),
                )
            )
        )


def _imported(text: str, path: str) -> set[str]:
    """Dotted names that a source may import; a relative one as a path from the top of the repository."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                folder = path
                for _ in range(node.level):
                    folder = posixpath.dirname(folder)
                base = ".".join(part for part in [*folder.split("/"), base] if part)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return {name for name in found if name}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None
