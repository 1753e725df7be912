"""What became of the code that measures and of the code that plants faults: read as text, never run.

Looked at are the folders that the settings name, and `src/specship` where the repository is specship's own. A
probe measures otherwise when its file does, or any module of the repository that it imports; comments and
docstrings apart. The functions that differ are named.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from specship.code_digests import code_shape, imported_modules
from specship.errors import Place, UnreadableDocument, UnusableInput
from specship.review.changes import change
from specship.review.records import Change, Direction, Spot, Stale
from specship.review.sides import ProjectSide
from specship.review.trees import CommittedTree

OURS: Final = "src/specship"
"""Where specship keeps its own code, when it reviews itself."""
_NO_FAULT: Final = ("catalogue", "fault")
_ROOTS: Final = ("", "src")
"""Folders of a repository in which its packages lie."""


@dataclass(frozen=True)
class Declared:
    """A probe as its file declares it."""

    path: str
    """Within the repository."""
    line: int
    units: Mapping[str, str]
    checked: str
    artifacts: tuple[str, ...]


class SideCode:
    """The Python files of one side, read when they are asked for."""

    def __init__(self, side: ProjectSide) -> None:
        self.side = side
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

    @cached_property
    def probe_folder(self) -> list[str]:
        """Every file of the project's own probes."""
        own = self.side.configuration.probes if self.side.configuration else None
        return sorted(path for path in self.side.own_folder(own) if "__pycache__" not in path)

    @cached_property
    def probes(self) -> dict[str, Declared]:
        """Every probe that a file of the repository declares, by name."""
        files = [*self.probe_folder, *self._ours("probes")]
        return {
            name: declared
            for path in files
            if path.endswith(".py")
            for name, declared in declared_in(self.text(path) or "", path)
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
            UnreadableDocument: files are no Python, or two declare one probe; each has its place.
        """
        wrong: list[UnusableInput] = []
        declared: dict[str, Declared] = {}
        folder = self.side.configuration.faults if self.side.configuration else None
        for path in (*self.probe_folder, *self.side.own_folder(folder)):
            if not path.endswith(".py"):
                continue
            shown = self.side.tree.shown(path)
            try:
                ast.parse(self.text(path) or "")
            except (SyntaxError, ValueError, RecursionError) as error:
                at = Place(shown, getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1)
                why = "probes and faults are read before anything is said of them"
                said = f"not Python: {getattr(error, 'msg', error)}"
                wrong.append(UnusableInput(said, at=at, why=why, mend="mend the file"))
            for name, own in declared_in(self.text(path) or "", path):
                if name in declared:
                    said = f"two probes are called {name!r}: the other one is in {declared[name].path}"
                    wrong.append(UnusableInput(said, at=Place(shown, own.line), mend="rename one of them"))
                declared[name] = own
        if wrong:
            raise UnreadableDocument(wrong)

    def _ours(self, folder: str) -> list[str]:
        if self.side.place:
            return []
        names = self.side.tree.names(posixpath.join(OURS, folder))
        return [posixpath.join(OURS, folder, name) for name in sorted(names)]

    def reached(self, path: str) -> dict[str, str]:
        """The text of a file and of each that it imports of the repository, by path within the project."""
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

    def named(self, path: str) -> str:
        """A path as the project would write it, so that it stays the same where the whole project moves."""
        return posixpath.relpath(path, self.side.place or ".")

    def _imports(self, text: str, path: str) -> tuple[str, ...]:
        """Files that one imports; worked out once, for many probes reach the same."""
        if path not in self._imported:
            self._imported[path] = tuple(dict.fromkeys(self._imported_by(text, path)))
        return self._imported[path]

    def _imported_by(self, text: str, path: str) -> Iterator[str]:
        ours = path.startswith(f"{OURS}/")
        for name in _imported(text, path):
            parts = name.split(".")
            if ours and len(parts) == 1:
                continue  # our root package lists public names, and has no code that counts
            if parts[-1] == "*":  # a folder that is scanned
                for root in self._roots(path):
                    folder = posixpath.join(root, *parts[:-1])
                    yield from (
                        posixpath.join(folder, own)
                        for own in self.side.tree.names(folder)
                        if own.endswith(".py") and not own.startswith("_")
                    )
                continue
            for root in self._roots(path):
                whole = posixpath.join(root, *parts)
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


@functools.lru_cache(maxsize=4096)
def _imported(text: str, path: str) -> frozenset[str]:
    """Dotted names that a source may import; a relative one as a path from the top of the repository."""
    if path.startswith(f"{OURS}/"):  # what digests of our own code follow: scans and public names, no types
        with contextlib.suppress(SyntaxError, ValueError):
            return frozenset(imported_modules(text, "specship"))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return frozenset()
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
    return frozenset(name for name in found if name)


def declared_in(text: str, path: str) -> Iterator[tuple[str, Declared]]:
    """The probes that a source declares by `@probe("NAME", ...)`."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for call in node.decorator_list:
            if not (isinstance(call, ast.Call) and _name(call.func) == "probe" and call.args):
                continue
            name, given = _constant(call.args[0]), {k.arg: _constant(k.value) for k in call.keywords if k.arg}
            if isinstance(name, str):
                checked = str(given.pop("checked", ""))
                units = {key: str(unit) for key, unit in given.items()}
                artifacts = tuple(argument.arg for argument in node.args.args)
                yield name, Declared(path, node.lineno, units, checked, artifacts)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


class CodeReview:
    """The probes and faults of two sides, side by side."""

    def __init__(self, base: ProjectSide, head: ProjectSide) -> None:
        self.base, self.head = SideCode(base), SideCode(head)
        self._touched = _touched(base, head)
        self._places: dict[tuple[str | None, str | None], list[str]] = {}

    @cached_property
    def faults(self) -> frozenset[str]:
        """Faults whose code is another one, or gone: arming of the gates that name them is stale."""
        if not self._touched:
            return frozenset()
        one, other = self.base.faults, self.head.faults
        return frozenset(
            name
            for name, path in one.items()
            if name not in other or _shape(self.base.text(path)) != _shape(self.head.text(other[name]))
        )

    @cached_property
    def probes(self) -> dict[str, tuple[str, ...]]:
        """Probes of both sides that measure otherwise, with the places in the code that differ."""
        found = {}
        for name, before in self.base.probes.items() if self._touched else ():
            after = self.head.probes.get(name)
            if after is not None and (places := self._differing(before, after)):
                found[name] = places
        return found

    @property
    def gone(self) -> frozenset[str]:
        """Probes of base that nobody declares any more."""
        return frozenset(self.base.probes.keys() - self.head.probes.keys()) if self._touched else frozenset()

    def _differing(self, before: Declared, after: Declared) -> tuple[str, ...]:
        """Places in the code behind a probe that differ."""
        one, other = self.base.reached(before.path), self.head.reached(after.path)
        home = self.base.named(before.path)
        other[home] = other.pop(self.head.named(after.path), "")  # its own file may be called otherwise
        return tuple(
            f"{at}: {', '.join(places)}"
            for at in sorted(one.keys() | other.keys())
            if (places := self._between(one.get(at), other.get(at)))
        )

    def _between(self, before: str | None, after: str | None) -> list[str]:
        """Places that differ between two sources; worked out once, for many probes reach the same."""
        if before == after:
            return []
        if (before, after) not in self._places:
            alike = _shape(before) == _shape(after)
            self._places[before, after] = [] if alike else _functions(before or "", after or "")
        return self._places[before, after]

    @cached_property
    def beside(self) -> tuple[tuple[str | None, str | None], ...]:
        """Files among the project's probes that are new, gone or changed, and that no probe imports."""
        if not self._touched:
            return ()
        one, other = (
            {code.named(path): path for path in code.probe_folder} for code in (self.base, self.head)
        )
        told = {place.partition(": ")[0] for places in self.probes.values() for place in places}
        told |= {code.named(own.path) for code in (self.base, self.head) for own in code.probes.values()}
        return tuple(
            (one.get(name), other.get(name))
            for name in sorted({*one, *other} - told)
            if self._bytes_differ(one.get(name), other.get(name))
        )

    def _bytes_differ(self, before: str | None, after: str | None) -> bool:
        if before is None or after is None:
            return True
        if after.endswith(".py"):
            return _shape(self.base.text(before)) != _shape(self.head.text(after))
        one, other = self.base.side.tree.read([before]), self.head.side.tree.read([after])
        return [*one.values()] != [*other.values()]

    def changes(
        self, gates: Mapping[str, Iterable[str]], naming: Mapping[str, Iterable[str]], profiles: Iterable[str]
    ) -> Iterator[Change]:
        """Everything that differs; `gates` and `naming` give base's gates of each probe and of each fault."""
        scales = tuple(profiles)
        if not self._touched:
            return
        self.base.check()
        self.head.check()
        one, other = self.base.probes, self.head.probes
        for name in sorted(one.keys() - other.keys()):
            yield change(
                name,
                "probe",
                "removed",
                Direction.REMOVED,
                f"nobody measures {name} any more",
                before=one[name].path,
                base=_spot(one[name]),
                stales=_stales(gates.get(name, ()), scales),
            )
        for name in sorted(other.keys() - one.keys()):
            yield change(
                name,
                "probe",
                "added",
                Direction.ADDED,
                f"{name} is a new probe",
                after=other[name].path,
                head=_spot(other[name]),
            )
        for name in sorted(one.keys() & other.keys()):
            before, after = one[name], other[name]
            own: dict[str, Any] = {
                "base": _spot(before),
                "head": _spot(after),
                "stales": _stales(self._behind(name, gates), scales),
            }
            if (before.units, before.checked, before.artifacts) != (
                after.units,
                after.checked,
                after.artifacts,
            ):
                yield change(
                    name,
                    "probe",
                    "unit",
                    Direction.INCOMPARABLE,
                    f"{name} declares other quantities",
                    before=_declaration(before),
                    after=_declaration(after),
                    **own,
                )
            if name in self.probes:
                says = f"{name} measures otherwise: {'; '.join(self.probes[name])}"
                yield change(
                    name,
                    "probe",
                    "code",
                    Direction.OTHERWISE,
                    says,
                    before=before.path,
                    after=after.path,
                    **own,
                )
            elif self.base.named(before.path) != self.head.named(after.path):
                yield change(
                    name,
                    "probe",
                    "moved",
                    Direction.NEUTRAL,
                    f"{name} lies in {after.path}",
                    before=before.path,
                    after=after.path,
                    base=_spot(before),
                    head=_spot(after),
                )
        for before_path, after_path in self.beside:
            path = after_path or before_path or ""
            yield change(
                path,
                "probe",
                "code",
                Direction.OTHERWISE,
                f"{path} lies beside the probes, and any of them may read it",
                base=Spot(path=before_path, line=1) if before_path else None,
                head=Spot(path=after_path, line=1) if after_path else None,
                stales=_stales(["*"], scales),
            )
        yield from self._fault_changes(naming, scales)

    def _behind(self, name: str, gates: Mapping[str, Iterable[str]]) -> Iterable[str]:
        """Gates whose evidence goes with a probe: a file of the project's own folder counts for all."""
        return ["*"] if self.base.probes[name].path in self.base.probe_folder else gates.get(name, ())

    def _fault_changes(
        self, naming: Mapping[str, Iterable[str]], scales: tuple[str, ...]
    ) -> Iterator[Change]:
        one, other = self.base.faults, self.head.faults
        for name in sorted(other.keys() - one.keys()):
            yield change(
                name,
                "fault",
                "added",
                Direction.ADDED,
                f"{name} can be planted",
                after=other[name],
                head=Spot(path=other[name], line=1),
            )
        for name in sorted(self.faults):
            stales = [s for s in _stales(naming.get(name, ()), scales) if s.what == "arming"]
            base = Spot(path=one[name], line=1)
            if name not in other:
                yield change(
                    name,
                    "fault",
                    "removed",
                    Direction.REMOVED,
                    f"nobody plants {name} any more",
                    before=one[name],
                    base=base,
                    stales=stales,
                )
                continue
            places = _functions(self.base.text(one[name]) or "", self.head.text(other[name]) or "")
            yield change(
                name,
                "fault",
                "code",
                Direction.OTHERWISE,
                f"{name} is planted otherwise: {', '.join(places)}",
                before=one[name],
                after=other[name],
                base=base,
                head=Spot(path=other[name], line=1),
                stales=stales,
            )


def _touched(base: ProjectSide, head: ProjectSide) -> bool:
    """Whether any Python file, or anything among the probes, can differ; yes where nobody can tell."""
    one, other = base.tree, head.tree
    if not isinstance(one, CommittedTree) or not isinstance(other, CommittedTree):
        return True
    folders = {
        side.inside(own)
        for side in (base, head)
        if side.configuration
        for own in (side.configuration.probes, side.configuration.faults)
        if own
    }
    paths = one.differing(other)
    return any(
        path.endswith(".py") or any(path.startswith(f"{own}/") for own in folders) for path in paths
    ) or (
        base.configuration is not None
        and head.configuration is not None
        and (base.configuration.probes, base.configuration.faults, base.place)
        != (head.configuration.probes, head.configuration.faults, head.place)
    )


def _stales(gates: Iterable[str], profiles: tuple[str, ...]) -> list[Stale]:
    return [
        Stale(gate=gate, profile=profile, what=what)
        for gate in gates
        for profile in profiles
        for what in ("evidence", "arming")
    ]


def _spot(declared: Declared) -> Spot:
    return Spot(path=declared.path, line=declared.line)


def _declaration(declared: Declared) -> str:
    units = ", ".join(f"{quantity} in {unit}" for quantity, unit in sorted(declared.units.items()))
    return f"{units}; counts {declared.checked} of {', '.join(declared.artifacts)}"


def _shape(text: str | None) -> str | None:
    """What a source does; the text itself where it is no Python, so that any edit of it counts."""
    try:
        return None if text is None else code_shape(text)
    except (SyntaxError, ValueError, RecursionError):
        return text


def _functions(before: str, after: str) -> list[str]:
    """Names of functions, classes and methods that differ; the rest of a module under a name of its own."""
    one, other = _parts(before), _parts(after)
    differing = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return sorted(differing) or ["the module"]


def _parts(text: str) -> dict[str, str]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return {"the module": text}
    found: dict[str, str] = {}
    rest: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = code_shape(ast.unparse(node))
        elif isinstance(node, ast.ClassDef):
            own = [inner for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {f"{node.name}.{inner.name}": code_shape(ast.unparse(inner)) for inner in own}
            shell = ast.ClassDef(
                node.name,
                node.bases,
                node.keywords,
                [n for n in node.body if n not in own] or [ast.Pass()],
                node.decorator_list,
            )
            found[node.name] = code_shape(ast.unparse(shell))
        else:
            rest.append(node)
    found["the module's own lines"] = code_shape(ast.unparse(ast.Module(rest, [])))
    return found
