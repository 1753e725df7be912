"""Shards of one evaluation, counted together: every sample exactly once, under the same settings.

What is merged are outcomes, never percentages. Shards that differ in model, problems, sampling, limits,
level or rules are of different evaluations; one that is missing, there twice, or not through makes no score.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.digests import digest_of
from specship.errors import DamagedArtifact, UnusableInput
from specship.files import write_file
from specship.pipeline.evaluation.humaneval.judging import PASSED, SampleOutcome
from specship.pipeline.evaluation.humaneval.outcomes import ending, read_shard
from specship.pipeline.evaluation.humaneval.verdicts import Key, Score, as_line

_OF_THE_SHARD: Final = frozenset({"shard"})
_OF_THE_HOST: Final = ("kernel", "landlock_abi", "python", "uid")


@dataclass(frozen=True, slots=True)
class Shard:
    """The outcomes of one shard."""

    path: Path
    heading: Mapping[str, Any]
    outcomes: Mapping[Key, SampleOutcome]
    sandbox: Mapping[str, Any]

    @property
    def part(self) -> tuple[int, int]:
        """Which one, from 1, of how many."""
        part, parts = self.heading["shard"]
        return int(part), int(parts)

    def settings(self) -> dict[str, Any]:
        """What must be equal in all shards; completions are the shard's own where a model wrote them."""
        own = _OF_THE_SHARD | ({"completions_sha256"} if self.heading["generated"] else set())
        return {name: value for name, value in self.heading.items() if name not in own}


def merge(paths: Sequence[Path], *, out: Path | None = None) -> dict[str, Any]:
    """The report of the whole evaluation; `out` becomes a file of outcomes of all of it.

    Raises:
        UnusableInput: shards are missing, there twice, not through, or of different evaluations.
        DamagedArtifact: a file's lines are not the outcomes of its shard.
        CannotWrite: `out` cannot be written.
    """
    shards = [Shard(path, *read_shard(path)) for path in paths]
    for shard in shards:
        _check_same(shards[0], shard)
    _check_parts(shards)
    outcomes = _all_outcomes(shards)
    first = shards[0].heading
    score = Score(int(first["problems"]), outcomes, _sandbox(shards))
    if out is not None:
        heading = {**first, "shard": [1, 1]}
        if first["generated"]:
            heading["completions_sha256"] = digest_of([s.heading["completions_sha256"] for s in shards])
        lines = [heading, *(as_line(*one) for one in outcomes.items()), ending(dict(score.sandbox))]
        write_file(out, "".join(json.dumps(line) + "\n" for line in lines))
    return {
        **score.as_json(),
        "shard": [1, 1],
        "generated": first["generated"],
        "shards": [_about(shard) for shard in shards],
    }


def _about(shard: Shard) -> dict[str, Any]:
    passed = sum(outcome.outcome == PASSED for outcome in shard.outcomes.values())
    return {
        "path": str(shard.path),
        "shard": list(shard.part),
        "samples": len(shard.outcomes),
        "passed": passed,
        "host": {name: shard.sandbox.get(name) for name in _OF_THE_HOST},
    }


def _differing(left: Any, right: Any, name: str = "") -> tuple[str, Any, Any] | None:
    """The first value that differs, with its name, down to the innermost."""
    if not (isinstance(left, Mapping) and isinstance(right, Mapping)):
        return None if left == right else (name, left, right)
    for key in sorted(left.keys() | right.keys()):
        found = _differing(left.get(key), right.get(key), f"{name}.{key}" if name else key)
        if found:
            return found
    return None


def _check_same(first: Shard, other: Shard) -> None:
    if found := _differing(first.settings(), other.settings()):
        name, left, right = found
        raise UnusableInput(
            f"this shard is of another evaluation: {name} is {_short(right)}, elsewhere {_short(left)}",
            at=other.path,
            why=f"{first.path} was made under other settings; counts under different ones have no sum",
            mend="run the shards again with the same model, problems, sampling, limits and level",
        )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_parts(shards: Sequence[Shard]) -> None:
    parts = {shard.part[1] for shard in shards}
    if len(parts) > 1:
        raise UnusableInput(
            f"shards of {' and of '.join(map(str, sorted(parts)))} parts",
            at=shards[0].path,
            mend="give all shards of one division",
        )
    seen: dict[int, Path] = {}
    for shard in shards:
        number = shard.part[0]
        if number in seen:
            raise UnusableInput(
                f"shard {number} is there twice: also {seen[number]}", at=shard.path, mend="give it once"
            )
        seen[number] = shard.path
    whole = parts.pop()
    if missing := sorted(set(range(1, whole + 1)) - seen.keys()):
        names = ", ".join(f"{number}/{whole}" for number in missing[:10])
        raise UnusableInput(
            f"shards are missing: {names}", at=shards[0].path, mend="give every shard; a part has no score"
        )


def _all_outcomes(shards: Sequence[Shard]) -> dict[Key, SampleOutcome]:
    """Every sample exactly once, problems in the order of their ids."""
    found: dict[Key, SampleOutcome] = {}
    for shard in shards:
        part, parts = shard.part
        expected = len(range(part - 1, int(shard.heading["samples"]), parts))
        if len(shard.outcomes) != expected:
            raise DamagedArtifact(
                f"{len(shard.outcomes)} outcomes where this shard has {expected} samples",
                at=shard.path,
                mend="run the shard again with the same --out; it continues",
            )
        if twice := found.keys() & shard.outcomes.keys():
            raise DamagedArtifact(f"{min(twice)} is in another shard too", at=shard.path)
        found |= shard.outcomes
    _check_indices(found, shards[0])
    return dict(sorted(found.items(), key=lambda one: (len(one[0][0]), one[0])))


def _check_indices(found: Mapping[Key, SampleOutcome], shard: Shard) -> None:
    """The samples of each problem are numbered from 0 without a gap."""
    counts: dict[str, list[int]] = {}
    for task_id, index in found:
        counts.setdefault(task_id, []).append(index)
    for task_id, indices in counts.items():
        if sorted(indices) != list(range(len(indices))):
            raise DamagedArtifact(f"the samples of {task_id} have a gap in their numbers", at=shard.path)
    if len(counts) > int(shard.heading["problems"]):
        raise DamagedArtifact("outcomes of more problems than the file has", at=shard.path)


def _sandbox(shards: Sequence[Shard]) -> dict[str, Any]:
    """What was in force in all of them: the weakest says whether a release may count it."""
    return {
        **shards[0].sandbox,
        "fit_for_release": all(shard.sandbox["fit_for_release"] is True for shard in shards),
        "canaries": sum(int(shard.sandbox["canaries"]) for shard in shards),
        "canary_faults": [fault for shard in shards for fault in shard.sandbox["canary_faults"]],
    }
