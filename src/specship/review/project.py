"""What became of `[tool.specship]`: whom the project trusts, what it silences, and where it keeps things.

And of its waivers: one that is new, or excuses more, is a weakening, and counts only once it is on base. An
amendment has to name its gate. It demands no step of the version: a spec promises the same with a waiver.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from specship.contracts.document import document_of
from specship.contracts.reader import not_read
from specship.errors import UnreadableDocument, UnusableInput
from specship.review.changes import change, spot, went
from specship.review.records import Change, Direction, Kind, Spot
from specship.review.sides import SETTINGS, ProjectSide, located
from specship.specs.project import Configuration
from specship.specs.trusted_keys import TrustedKey
from specship.specs.waivers import Waiver, WaiverFile, waiver_of

_PLACES = ("spec", "contracts", "probes", "faults", "stages", "waivers")
_MACHINES = "evidence/arming/keys.txt"
_WHAT = {"release": "release evidence", "arming": "arming", "rehearsal": "evidence of rehearsals"}
_TABLES = {"addopts": "tool.pytest.ini_options"}
"""Where keys stand that are none of `[tool.specship]`."""
_DEMANDS = {"--ship-strict": None, "--ship-fail-under": float}
"""Options of pytest that a project can write into its settings, and that make a session fail."""


class ProjectReview:
    """Two tables of settings, side by side."""

    def __init__(self, base: ProjectSide, head: ProjectSide) -> None:
        self._base, self._head = self._sides = base, head
        self._lines = {id(side): side.lines_of_settings() for side in (base, head) if side.configuration}

    def changes(self) -> Iterator[Change]:
        """Everything that differs."""
        one, other = self._base.configuration, self._head.configuration
        if one is None and other is not None:
            yield from self._first_keys(other)
        if one is None or other is None:
            return
        yield from self._keys(one, other)
        yield from self._paths(one, other)
        yield from self._inherited(one, other)
        yield from self._lint(one, other)
        yield from self._demands()
        yield from self._contents(one, other)

    def _contents(self, one: Configuration, other: Configuration) -> Iterator[Change]:
        """Files that the settings name and that decide what gates may accuse, or what lint believes."""
        for before, after in ((one.healthy, other.healthy), (one.lint.untrained, other.lint.untrained)):
            if before is None or after is None:
                continue
            values = [_values(side, path) for side, path in ((self._base, before), (self._head, after))]
            if values[0] != values[1]:
                base, head = (
                    Spot(path=side.inside(path), line=1)
                    for side, path in ((self._base, before), (self._head, after))
                )
                says = f"{after} says something else"
                yield change(after, "project", "setting", Direction.OTHERWISE, says, base=base, head=head)

    def _spot(self, side: ProjectSide, key: str) -> Spot:
        """The line of a key in its own table; the table's, where the key is not written."""
        table, _, name = f"{_TABLES.get(key, 'tool.specship')}.{key}".rpartition(".")
        here, line = "", 1
        for number, text in enumerate(self._lines[id(side)], 1):
            if header := re.match(r"\s*\[+([^\[\]]*)\]", text):
                here = re.sub(r"[\s\"']", "", header[1])
                line = number if here == table else line
            elif here == table and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", text):
                return Spot(path=side.inside(SETTINGS), line=number)
        return Spot(path=side.inside(SETTINGS), line=line)

    def _change(
        self, key: str, kind: Kind, direction: Direction, says: str, before: Any, after: Any, **more: Any
    ) -> Change:
        return change(
            key,
            "project",
            kind,
            direction,
            says,
            base=self._spot(self._base, key),
            head=self._spot(self._head, key),
            before=before,
            after=after,
            **more,
        )

    def _first_keys(self, other: Configuration) -> Iterator[Change]:
        """Whom a project trusts that had no settings before."""
        for key, entry in sorted(_by_key(other).items()):
            says, at = _may_sign(entry), "trusted_keys"
            head = self._spot(self._head, at)
            yield change(at, "project", "key", Direction.ADDED, says, after=key, head=head)

    def _keys(self, one: Configuration, other: Configuration) -> Iterator[Change]:
        """Keys that came, went, or are trusted with something else; and those that keys.txt refused."""
        before, after = _by_key(one), _by_key(other)
        both = before.keys() & after.keys()
        for key in sorted(after.keys() - before.keys()):
            yield self._change("trusted_keys", "key", Direction.WEAKENED, _may_sign(after[key]), None, key)
        for key in sorted(before.keys() - after.keys()):
            says = f"whoever has the key {key[:12]}… signs nothing that counts any more"
            yield self._change("trusted_keys", "key", Direction.STRENGTHENED, says, key, None)
        for key in sorted(both):
            old, new = before[key], after[key]
            if old != new:
                wider, narrower = _adds(old, new), _adds(new, old)
                yield self._change(
                    "trusted_keys",
                    "key",
                    went(loosens=wider, tightens=narrower),
                    _may_sign(new),
                    _trusted_with(old),
                    _trusted_with(new),
                    tightens_too=wider and narrower,
                )
        refused = [both & _listed(side) for side in self._sides]
        for key in sorted(refused[0] - refused[1]):
            says = f"the key {key[:12]}… left keys.txt of the arming: a release believes it again"
            yield self._change("trusted_keys", "key", Direction.WEAKENED, says, "refused", "believed")
        for key in sorted(refused[1] - refused[0]):
            says = f"the key {key[:12]}… stands in keys.txt of the arming: no release believes it"
            yield self._change("trusted_keys", "key", Direction.STRENGTHENED, says, "believed", "refused")

    def _paths(self, one: Configuration, other: Configuration) -> Iterator[Change]:
        for key in _PLACES:
            before, after = getattr(one, key), getattr(other, key)
            if before != after:  # what lies there is compared for itself
                says = f"{key} lie in {after or 'no folder'}, and lay in {before or 'no folder'}"
                yield self._change(key, "moved", Direction.NEUTRAL, says, before, after)
        if one.healthy != other.healthy:
            direction = went(loosens=not other.healthy, tightens=not one.healthy)
            says = f"healthy variants, which no gate may accuse, are in {other.healthy or 'no file'}"
            yield self._change("healthy", "setting", direction, says, one.healthy, other.healthy)
        if one.profile != other.profile:
            says = f"the profile when none is asked for is {other.profile}, and was {one.profile}"
            yield self._change("profile", "setting", Direction.OTHERWISE, says, one.profile, other.profile)

    def _inherited(self, one: Configuration, other: Configuration) -> Iterator[Change]:
        for name in sorted(set(other.inherit) - set(one.inherit)):
            says = f"stages and the judge see the variable {name}"
            yield self._change("inherit", "setting", Direction.WEAKENED, says, None, name)
        for name in sorted(set(one.inherit) - set(other.inherit)):
            says = f"stages and the judge do not see the variable {name} any more"
            yield self._change("inherit", "setting", Direction.STRENGTHENED, says, name, None)

    def _lint(self, one: Configuration, other: Configuration) -> Iterator[Change]:
        before, after = one.lint, other.lint
        silenced = (
            _silenced(before.ignore, before.per_file_ignores),
            _silenced(after.ignore, after.per_file_ignores),
        )
        for key, (old, new) in {"lint.ignore": silenced}.items():
            if old != new:
                won, lost = new - old, old - new
                parts = [f"silences {', '.join(sorted(won))}"] * bool(won)
                parts += [f"hears {', '.join(sorted(lost))} again"] * bool(lost)
                yield self._change(
                    key,
                    "setting",
                    went(loosens=bool(won), tightens=bool(lost)),
                    f"lint {' and '.join(parts)}",
                    ", ".join(sorted(old)) or None,
                    ", ".join(sorted(new)) or None,
                    tightens_too=bool(won and lost),
                )
        if set(before.select) != set(after.select):
            fewer = bool(after.select) and not (before.select and set(before.select) <= set(after.select))
            more = bool(before.select) and not (after.select and set(after.select) <= set(before.select))
            yield self._change(
                "lint.select",
                "setting",
                went(loosens=fewer, tightens=more),
                "lint asks other rules",
                ", ".join(before.select) or "all",
                ", ".join(after.select) or "all",
                tightens_too=fewer and more,
            )
        if before.untrained != after.untrained:
            says = f"what an untrained model measures is in {after.untrained or 'no file'}"
            yield self._change(
                "lint.untrained",
                "setting",
                went(loosens=not after.untrained, tightens=not before.untrained),
                says,
                before.untrained,
                after.untrained,
            )

    def _demands(self) -> Iterator[Change]:
        """What pytest's settings demand of a session."""
        one, other = _options(self._base.tools), _options(self._head.tools)
        for option in _DEMANDS:
            before, after = one.get(option), other.get(option)
            if before != after:
                lower = after is None or (before is not None and after < before)
                says = f"pytest is told {option} {after:g}" if after else f"pytest is no longer told {option}"
                yield self._change(
                    "addopts",
                    "setting",
                    went(loosens=lower, tightens=not lower),
                    says,
                    None if before is None else f"{option} {before:g}",
                    None if after is None else f"{option} {after:g}",
                )


def _by_key(configuration: Configuration) -> dict[str, TrustedKey]:
    return {entry.key: entry for entry in configuration.trusted_keys}


def _may_sign(entry: TrustedKey) -> str:
    kinds = " and ".join(_WHAT[purpose] for purpose in sorted(entry.purposes, key=list(_WHAT).index))
    return f"whoever has the key {entry.key[:12]}… may sign {kinds}, {entry.days}"


def _trusted_with(entry: TrustedKey) -> str:
    return f"{', '.join(sorted(entry.purposes))}; {entry.days}; {entry.owner}"


def _adds(one: TrustedKey, other: TrustedKey) -> bool:
    """Whether the other entry trusts a key with anything more than one does: a purpose or a day."""
    last = [min(entry.until, (entry.revoked or date.max) - timedelta(days=1)) for entry in (one, other)]
    return not set(other.purposes) <= set(one.purposes) or other.since < one.since or last[1] > last[0]


def _listed(side: ProjectSide) -> set[str]:
    """Keys of the list of machines whose records of arming rehearsals alone believe."""
    data = next(iter(side.tree.read([side.inside(_MACHINES)]).values()), b"")
    return {line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").splitlines()}


def _values(side: ProjectSide, path: str) -> Any:
    """What a file of YAML or JSON says; its bytes where it is neither, so that any edit counts."""
    data = next(iter(side.tree.read([side.inside(path)]).values()), b"")
    try:
        return json.loads(data) if path.endswith(".json") else document_of(data, path).values
    except (UnusableInput, ValueError, RecursionError):
        return data


def _silenced(everywhere: tuple[str, ...], by_file: Mapping[str, tuple[str, ...]]) -> set[str]:
    return set(everywhere) | {f"{code} in {pattern}" for pattern, codes in by_file.items() for code in codes}


def _options(tools: Mapping[str, Any]) -> dict[str, float]:
    """The demands among pytest's added options, a flag as 1."""
    table = tools.get("pytest", {})
    given = table.get("ini_options", {}).get("addopts", "") if isinstance(table, dict) else ""
    words = given.split() if isinstance(given, str) else [str(word) for word in given]
    found: dict[str, float] = {}
    for number, word in enumerate(words):
        option, sign, value = word.partition("=")
        if option in _DEMANDS:
            text = (
                value if sign else words[number + 1] if _DEMANDS[option] and number + 1 < len(words) else "1"
            )
            found[option] = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else 0.0
    return found


def waivers_of(side: ProjectSide) -> dict[str, WaiverFile]:
    """The waivers of a side by path within the project.

    Raises:
        UnreadableDocument: one has a fault; all are told, each with its place.
    """
    if side.configuration is None:
        return {}
    folder = posixpath.normpath(side.configuration.waivers)
    names = sorted(name for name, _ in side.tree.walk(side.inside(folder)))
    read = [posixpath.join(folder, name) for name in names if name.endswith(".yaml") and "/" not in name]
    own_name = posixpath.basename(folder)
    wrong = (
        not_read(posixpath.join(folder, name), what="a waiver", folder=own_name, below="/" in name)
        for name in names
    )
    faults = [fault for fault in wrong if fault is not None]
    data = side.tree.read(map(side.inside, read))
    found: dict[str, WaiverFile] = {}
    for path in read:
        try:
            file, own = waiver_of(document_of(data[side.inside(path)], path))
        except UnusableInput as error:
            file, own = None, list(error.faults) if isinstance(error, UnreadableDocument) else [error]
        faults += own
        if file is not None:
            found[path] = file
    if faults:
        raise located(faults, side.tree, side.place)
    return found


class WaiverReview:
    """The waivers of two sides, side by side. What a file is called means nothing."""

    def __init__(self, base: ProjectSide, head: ProjectSide) -> None:
        self._base, self._head = base, head
        self.base, self.head = waivers_of(base), waivers_of(head)

    def changes(self) -> Iterator[Change]:
        """Everything that differs."""
        one, other = _by_failure(self.base), _by_failure(self.head)
        for key in sorted(one.keys() | other.keys()):
            before, after = one.get(key), other.get(key)
            if before is None and after is not None:
                says = f"a failure of {key[0]} ({key[1]}) is excused until {after.waiver.expires}"
                yield self._change(Direction.WEAKENED, "added", says, None, after)
            elif before is not None and after is None:
                says = f"a failure of {key[0]} ({key[1]}) is excused no more"
                yield self._change(Direction.STRENGTHENED, "removed", says, before, None)
            elif before is not None and after is not None:
                yield from self._edited(before, after)

    def _edited(self, before: WaiverFile, after: WaiverFile) -> Iterator[Change]:
        gate, one, other = before.waiver.gate, before.waiver.last_day, after.waiver.last_day
        if one != other:
            direction = Direction.WEAKENED if other > one else Direction.STRENGTHENED
            yield self._change(
                direction, "setting", f"the waiver of {gate} ends on another day", before, after
            )
        told = ("owner", "reason", "issue")
        if any(getattr(before.waiver, name) != getattr(after.waiver, name) for name in told):
            yield self._change(
                Direction.NEUTRAL, "reworded", f"the waiver of {gate} is told otherwise", before, after
            )

    def _change(
        self, direction: Direction, kind: str, says: str, before: WaiverFile | None, after: WaiverFile | None
    ) -> Change:
        file = after or before
        assert file is not None  # noqa: S101 - one of them is there
        found = change(
            file.waiver.gate, "waiver", kind, direction, says,  # type: ignore[arg-type]
            base=spot(self._base, before.document.place("gate")) if before else None,
            head=spot(self._head, after.document.place("gate")) if after else None,
            before=_shown(before.waiver) if before else None, after=_shown(after.waiver) if after else None,
        )  # fmt: skip
        return found.model_copy(update={"bump": "none"})


def _by_failure(waivers: Mapping[str, WaiverFile]) -> dict[tuple[str, str], WaiverFile]:
    """The one that lasts longest of each failure."""
    found: dict[tuple[str, str], WaiverFile] = {}
    for file in waivers.values():
        key = file.waiver.gate, file.waiver.fingerprint
        if key not in found or found[key].waiver.last_day < file.waiver.last_day:
            found[key] = file
    return found


def _shown(waiver: Waiver) -> str:
    return f"{waiver.fingerprint} until {waiver.expires}"
