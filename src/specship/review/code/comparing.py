"""What became of the code that measures and of the code that plants faults.

A probe measures otherwise when its file does, or any module of the repository that it imports; the functions
that differ are named. Comments and docstrings count in a project's own probes, which can read them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from specship.code_digests import code_shape
from specship.probes.declared import DeclaredProbe
from specship.review.changes import change
from specship.review.code.reading import SideCode
from specship.review.records import Change, Direction, Spot, Stale
from specship.review.sides import ProjectSide
from specship.review.trees import CommittedTree


class CodeReview:
    """The probes and faults of two sides, side by side."""

    def __init__(self, base: ProjectSide, head: ProjectSide) -> None:
        self.base, self.head = SideCode(base, "base"), SideCode(head, "head")
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

    @cached_property
    def renamed(self) -> dict[str, str]:
        """Head's name of each probe of base that measures the same under another one."""
        one, other = self.base.probes, self.head.probes
        found: dict[str, str] = {}
        new = sorted(other.keys() - one.keys()) if self._touched else []
        for name in sorted(one.keys() - other.keys()) if new else ():
            same = (n for n in new if n not in found.values() and self._same(name, one[name], n, other[n]))
            if (now := next(same, None)) is not None:
                found[name] = now
        return found

    def _same(self, was: str, before: DeclaredProbe, now: str, after: DeclaredProbe) -> bool:
        """Whether two probes are one text but for their names and their functions', here and behind it."""
        if (before.units, before.checked, before.artifacts) != (after.units, after.checked, after.artifacts):
            return False
        one, other = self.base.reached(before.path), self.head.reached(after.path)
        mine, theirs = one.pop(self.base.named(before.path), ""), other.pop(self.head.named(after.path), "")
        if one.keys() != other.keys() or any(self._between(one[at], other[at]) for at in one):
            return False
        for quote in "\"'":
            mine = mine.replace(f"{quote}{was}{quote}", f"{quote}{now}{quote}")
        return re.sub(rf"\bdef {before.function}\b", f"def {after.function}", mine) == theirs

    @property
    def gone(self) -> frozenset[str]:
        """Probes of base that nobody declares any more."""
        return frozenset(self.base.probes.keys() - self.head.probes.keys()) if self._touched else frozenset()

    def _differing(self, before: DeclaredProbe, after: DeclaredProbe) -> tuple[str, ...]:
        """Places in the code behind a probe that differ."""
        one, other = self.base.reached(before.path), self.head.reached(after.path)
        home = self.base.named(before.path)
        other[home] = other.pop(self.head.named(after.path), "")  # its own file may be called otherwise
        return tuple(
            f"{at}: {', '.join(places)}"
            for at in sorted(one.keys() | other.keys())
            if (places := self._between(one.get(at), other.get(at)) or self._prose(at, one, other))
        )

    def _prose(self, at: str, one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
        """What a file of the project's own probes says otherwise, where all that it does is the same."""
        own = any(at == code.named(path) for code in (self.base, self.head) for path in code.probe_folder)
        return ["what it says of itself"] if own and one.get(at) != other.get(at) else []

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
        yield from self._probe_changes(gates, scales)
        yield from self._beside_changes(gates, scales)
        yield from self._fault_changes(naming, scales)

    def _probe_changes(self, gates: Mapping[str, Iterable[str]], scales: tuple[str, ...]) -> Iterator[Change]:
        one, other = self.base.probes, self.head.probes
        for was, now in self.renamed.items():
            yield change(
                now, "probe", "renamed", Direction.NEUTRAL, f"what was {was} is called {now}",
                was=was, before=was, after=now, base=_spot(one[was]), head=_spot(other[now]),
                stales=_stales(self._behind(was, gates), scales),
            )  # fmt: skip
        for name in sorted(one.keys() - other.keys() - self.renamed.keys()):
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
        for name in sorted(other.keys() - one.keys() - set(self.renamed.values())):
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
            stales = _stales(self._behind(name, gates), scales)
            yield from self._probe(name, one[name], other[name], stales)

    def _probe(
        self, name: str, before: DeclaredProbe, after: DeclaredProbe, stales: list[Stale]
    ) -> Iterator[Change]:
        own: dict[str, Any] = {
            "base": _spot(before),
            "head": _spot(after),
            "stales": stales,
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

    def _beside_changes(
        self, gates: Mapping[str, Iterable[str]], scales: tuple[str, ...]
    ) -> Iterator[Change]:
        for before_path, after_path in self.beside:
            path, table = after_path or before_path or "", _is_table((before_path, after_path))
            yield change(
                path,
                "probe",
                "code",
                Direction.OTHERWISE,
                f"{path} lies beside the probes, and "
                f"{'any of them may read it' if table else 'none of them imports it'}",
                base=Spot(path=before_path, line=1) if before_path else None,
                head=Spot(path=after_path, line=1) if after_path else None,
                stales=_stales(self._of_own(gates) if table else [], scales),
            )

    @cached_property
    def own(self) -> frozenset[str]:
        """Base's probes of the project's own folder, where a table there differs: it counts for each."""
        folder = self.base.probe_folder if any(map(_is_table, self.beside)) else []
        return frozenset(name for name, declared in self.base.probes.items() if declared.path in folder)

    def _behind(self, name: str, gates: Mapping[str, Iterable[str]]) -> Iterable[str]:
        """Gates whose evidence goes with a probe: a table in the project's folder counts for all there."""
        return self._of_own(gates) if name in self.own else gates.get(name, ())

    def _of_own(self, gates: Mapping[str, Iterable[str]]) -> list[str]:
        return [gate for name in sorted(self.own) for gate in gates.get(name, ())]

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


def _spot(declared: DeclaredProbe) -> Spot:
    return Spot(path=declared.path, line=declared.line)


def _declaration(declared: DeclaredProbe) -> str:
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


def _is_table(pair: tuple[str | None, str | None]) -> bool:
    """Whether a file beside probes is no Python: each of them may read it."""
    return not (pair[1] or pair[0] or "").endswith(".py")
