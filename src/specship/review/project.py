"""What became of `[tool.specship]`: whom the project trusts, what it silences, and where it keeps things."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specship.review.changes import change, went
from specship.review.records import Change, Direction, Kind, Spot
from specship.review.sides import SETTINGS, ProjectSide
from specship.specs.project import Configuration

_PLACES = ("spec", "contracts", "probes", "faults")
_DEMANDS = {"--ship-strict": None, "--ship-fail-under": float}
"""Options of pytest that a project can write into its settings, and that make a session fail."""


class ProjectReview:
    """Two tables of settings, side by side."""

    def __init__(self, base: ProjectSide, head: ProjectSide) -> None:
        self._base, self._head = base, head
        self._lines = {id(side): side.lines_of_settings() for side in (base, head) if side.configuration}

    def changes(self) -> Iterator[Change]:
        """Everything that differs."""
        one, other = self._base.configuration, self._head.configuration
        if one is None or other is None:
            return
        yield from self._keys(one, other)
        yield from self._paths(one, other)
        yield from self._lint(one, other)
        yield from self._demands()

    def _spot(self, side: ProjectSide, key: str) -> Spot:
        lines = self._lines[id(side)]
        found = (n for n, line in enumerate(lines, 1) if re.match(rf'\s*"?{re.escape(key)}"?\s*=', line))
        return Spot(path=side.inside(SETTINGS), line=next(found, 1))

    def _change(
        self, key: str, kind: Kind, direction: Direction, says: str, before: Any, after: Any, **more: Any
    ) -> Change:
        name = key.rpartition(".")[2]
        return change(
            key,
            "project",
            kind,
            direction,
            says,
            base=self._spot(self._base, name),
            head=self._spot(self._head, name),
            before=before,
            after=after,
            **more,
        )

    def _keys(self, one: Configuration, other: Configuration) -> Iterator[Change]:
        for key in sorted(set(other.trusted_keys) - set(one.trusted_keys)):
            says = f"whoever has the key {key[:12]}… may sign release evidence"
            yield self._change("trusted_keys", "key", Direction.WEAKENED, says, None, key)
        for key in sorted(set(one.trusted_keys) - set(other.trusted_keys)):
            says = f"the key {key[:12]}… signs no release evidence any more"
            yield self._change("trusted_keys", "key", Direction.STRENGTHENED, says, key, None)

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
