"""Digests of code: what makes a measurement stale when the code that took it changes.

Nobody has to remember to raise a version: the digest of a module covers its own code, and that of every
module of the same package that it reaches

- by an import, wherever in its code it stands;
- by a scan: `Folder("specship.pipeline.qa.gates")` (`discovery`) reaches every module of that folder;
- by a text that is the name of a module, such as that of a program it starts (`python -m specship.pipeline`);
- by a public name: `from specship import probe` reaches the module that `specship.PUBLIC` names as its home.

Comments and docstrings do not count.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from specship.digests import digest_of, sha256_bytes

_SCAN: Final = "Folder"
_PUBLIC: Final = "PUBLIC"
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def code_shape(source: str) -> str:
    """What a Python source means: its syntax tree without positions, comments and docstrings.

    Fields that are empty or absent are left out, so that Python versions whose trees have more
    fields agree. A module that reads `__doc__` anywhere keeps its docstrings: there they are data.

    Raises:
        SyntaxError: the source is no Python.
    """
    return _SyntaxWalk(source).shape


_DOCUMENTED: Final = {ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef}
_REACHING: Final = {ast.Import, ast.ImportFrom, ast.Call, ast.Constant, ast.Attribute}
"""Nodes that can name a module."""


class _SyntaxWalk:
    """One walk over a source: its shape, and those of its nodes that can name a module."""

    def __init__(self, source: str) -> None:
        """Raises SyntaxError: the source is no Python."""
        self._prose_counts = "__doc__" in source
        self.reaching: list[ast.AST] = []
        self.shape = self._shape(ast.parse(source))

    def _shape(self, node: ast.AST) -> str:
        kind = node.__class__
        if kind in _REACHING:
            self.reaching.append(node)
        inside = []
        for name in kind._fields:
            item = getattr(node, name, None)
            if item.__class__ is list:
                if name == "body" and kind in _DOCUMENTED and not self._prose_counts:
                    item = [statement for statement in item if not self._is_prose(statement)]
                if item:
                    inside.append(f"{name}=[{','.join([self._told(one) for one in item])}]")
            elif item is not None and name != "kind":
                inside.append(f"{name}={self._told(item)}")
        return f"{kind.__name__}({','.join(inside)})"

    def _told(self, item: Any) -> str:
        return self._shape(item) if isinstance(item, ast.AST) else f"{item.__class__.__name__}:{item!r}"

    def _is_prose(self, statement: ast.stmt) -> bool:
        """Whether a statement is a text by itself: a docstring, of a field too. It does nothing."""
        if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
            return False
        self.reaching.append(statement.value)
        return isinstance(statement.value.value, str)


def imported_modules(source: str, root: str) -> set[str]:
    """Names of modules of a root package that a source reaches, of its scans and public names too.

    A name may be that of something inside a module; whoever looks for its file skips it.

    Raises:
        SyntaxError: the source is no Python.
        ValueError: a scan whose folder is not written out as a text.
    """
    return set(_read(source, root).reached)


class _Source(NamedTuple):
    """What a digest takes of a module, both from one parsing of it."""

    reached: frozenset[str]
    """By name, in its own root package."""
    shape: str
    """Digest of what it means."""


@functools.lru_cache(maxsize=4096)
def _read(source: str, module: str) -> _Source:
    """A module's source, read."""
    walk = _SyntaxWalk(source)
    return _Source(_reached(walk.reaching, module), sha256_bytes(walk.shape.encode()))


def _reached(nodes: list[ast.AST], module: str) -> frozenset[str]:
    """What the nodes of a module reach."""
    root = module.split(".", 1)[0]
    found: set[str] = set()
    names = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    aliases = [alias for node in names for alias in node.names]
    scans = {_SCAN} | {alias.asname for alias in aliases if alias.name == _SCAN and alias.asname}
    faces = {alias.asname or alias.name for alias in aliases if alias.name == root}
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= _imported_from(node, module)
        elif isinstance(node, ast.Call) and _called(node) in scans:
            found.add(f"{_scanned(node)}.*")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
            found |= {node.value, f"{node.value}.__main__"}  # a package is started by its `__main__`
    found |= {  # `import specship` and later `specship.probe`
        f"{root}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute) and _name_of(node.value) in faces
    }
    return frozenset(name for name in found if name.split(".", 1)[0] == root)


def _imported_from(node: ast.ImportFrom, module: str) -> set[str]:
    # `from .x import y` in a.b.c means a.b.x; in a package's own __init__ it means a.b.c.x, and
    # both are tried: a name that is no module is skipped later.
    parents = module.split(".")
    bases = [parents[: len(parents) - node.level], parents[: len(parents) - node.level + 1]]
    found: set[str] = set()
    for base in bases if node.level else [[]]:
        name = ".".join([*base, *((node.module or "").split("."))]).strip(".")
        found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
    return found


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else _name_of(call.func)


def _scanned(call: ast.Call) -> str:
    """The folder that a scan names.

    Raises:
        ValueError: it is not written out as a text, so that no digest could follow it.
    """
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    raise ValueError(
        f"line {call.lineno}: a scan that no digest can follow: write the folder's name as a text"
    )


class CodeReader:
    """Digests of modules from the files of their packages, each file read once."""

    def __init__(self, homes: dict[str, Path] | None = None) -> None:
        """`homes` are the folders of root packages; one that is not named is found as an import finds it."""
        self._homes = dict(homes or {})
        self._sources: dict[str, str | None] = {}
        self._behind: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
        self._digests: dict[tuple[str, tuple[str, ...]], str] = {}

    def digest(self, module: str, *, apart: tuple[str, ...] = ()) -> str:
        """Digest of a module's code and of all that it reaches, without what is `apart` (see `behind`)."""
        if (module, apart) not in self._digests:
            self._digests[module, apart] = digest_of(
                {name: _read(text, name).shape for name, text in self.behind(module, apart=apart)}
            )
        return self._digests[module, apart]

    def behind(self, module: str, *, apart: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        """Name and source of a module and of every module that it reaches, sorted.

        `apart` are names that are not followed: a package with all below it, or `package.*`, a scan of it.
        """
        if (module, apart) in self._behind:
            return self._behind[module, apart]
        pending, seen = list(self._modules(module)), {}
        while pending:
            name = pending.pop()
            if name in seen or (source := self._source(name)) is None:
                continue
            seen[name] = source
            for reached in _read(source, name).reached:
                if not any(reached == left or reached.startswith(f"{left}.") for left in apart):
                    pending.extend(self._modules(reached))
        self._behind[module, apart] = sorted(seen.items())
        return self._behind[module, apart]

    def _modules(self, name: str) -> Iterator[str]:
        """The modules that a name may stand for: itself, a folder's members, the home of a public name."""
        if name.endswith(".*"):
            folder = self._folder(name.removesuffix(".*"))
            stems = sorted(path.stem for path in folder.glob("[!_]*.py")) if folder else []
            yield from (f"{name.removesuffix('*')}{stem}" for stem in stems)
            return
        yield name
        root, _, rest = name.partition(".")
        if rest and "." not in rest and self._source(name) is None and (home := self._public(root).get(rest)):
            yield home

    def _source(self, module: str) -> str | None:
        """The text of a module, found without importing anything but its root package."""
        if module not in self._sources:
            folder = self._folder(module)
            whole = (folder.with_suffix(".py"), folder / "__init__.py") if folder and "." in module else ()
            path = next((path for path in whole if path.is_file()), self._single(module))
            self._sources[module] = path.read_text(encoding="utf-8") if path else None
        return self._sources[module]

    def _folder(self, name: str) -> Path | None:
        root, *parts = name.split(".")
        if root not in self._homes:
            spec = importlib.util.find_spec(root)
            places = spec.submodule_search_locations if spec else None
            if not places:
                return None
            self._homes[root] = Path(places[0])
        return self._homes[root].joinpath(*parts)

    @staticmethod
    def _single(module: str) -> Path | None:
        """The file of a root that is a single module; a root package itself has no code that counts."""
        if "." in module or (spec := importlib.util.find_spec(module)) is None:
            return None
        alone = not spec.submodule_search_locations and spec.origin and spec.origin.endswith(".py")
        return Path(str(spec.origin)) if alone else None

    def _public(self, root: str) -> dict[str, str]:
        """The public names of a root package with the modules that are their homes."""
        folder = self._folder(root)
        path = folder / "__init__.py" if folder else None
        return _public_names(path.read_text(encoding="utf-8")) if path and path.is_file() else {}


@functools.lru_cache(maxsize=8)
def _public_names(source: str) -> dict[str, str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and node.value and _name_of(node.target) == _PUBLIC:
            return dict(ast.literal_eval(node.value))
    return {}


_INSTALLED: Final = CodeReader()


def code_digest(module: str, *, apart: tuple[str, ...] = ()) -> str:
    """Digest of a module's code and of all that it reaches, as it was when this process first asked.

    `apart` are names that are not followed, as `CodeReader.behind` says.

    Raises:
        LookupError: there is no such module, so that there is no code to speak of.
    """
    if not _INSTALLED.behind(module, apart=apart):
        raise LookupError(f"no module is called {module!r}")
    return _INSTALLED.digest(module, apart=apart)


def imported_code(source: str, root: str) -> dict[str, str]:
    """Digests of what a source reaches of a root package, by name; names that stand for no module have none.

    Raises:
        SyntaxError: the source is no Python.
    """
    reached = sorted(imported_modules(source, root))
    return {name: _INSTALLED.digest(name) for name in reached if _INSTALLED.behind(name)}
