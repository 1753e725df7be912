"""One evaluation from what was asked to its report: completions written or read, then scored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specship.pipeline.evaluation.humaneval.extraction import Thoughts
from specship.pipeline.evaluation.humaneval.problems import (
    CompletionFile,
    ProblemFile,
    read_completions,
    read_problems,
)
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, choose_level, score


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An evaluation, or a shard of one, as the command line gives it."""

    problems: Path
    model: Path | None = None
    """What writes the completions; else `completions` gives them."""
    completions: Path | None = None
    samples: int = 1
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 512
    device: str = "cpu"
    out: Path | None = None
    workers: int = 2
    level: str = "auto"
    stops: bool = False
    shard: tuple[int, int] = (1, 1)


def samples_path(out: Path) -> Path:
    """Where the samples of an evaluation lie whose outcomes go to `out`."""
    return out.with_name(f"{out.name}.samples.jsonl")


def evaluate(asked: Asked, *, report: Callable[..., None] | None = None) -> dict[str, Any]:
    """The report of an evaluation; what is in `asked.out` already is not done again.

    `report(done, total, unit)` is told how far it is, first of writing, then of scoring.

    Raises:
        UnusableInput, DamagedArtifact: a file cannot be used, or is of another evaluation.
        RequirementMissing: generated code cannot be contained here, or the device is not here.
        CannotWrite: the disk refuses.
    """
    problems = read_problems(asked.problems)
    level = choose_level(Limits()) if asked.level == "auto" else asked.level
    if asked.model is None:
        assert asked.completions is not None  # noqa: S101 - one of the two was given
        completions = read_completions(asked.completions, problems)
        return _scored(asked, problems, completions, _settings(asked, level), report)
    with tempfile.TemporaryDirectory(prefix="specship-humaneval-") as folder:
        out = samples_path(asked.out) if asked.out else Path(folder) / "samples.jsonl"
        completions = _written(asked, asked.model, problems, out, report)
        assert completions.generated is not None  # noqa: S101 - for the type checker
        settings = _settings(asked, level, completions.generated)
        return _scored(asked, problems, completions, settings, report)


def _settings(asked: Asked, level: str, generated: dict[str, Any] | None = None) -> ScoringSettings:
    return ScoringSettings(
        level=level,
        workers=asked.workers,
        stops=bool(generated["stop_texts"]) if generated else asked.stops,
        thoughts=Thoughts.of(generated),
        shard=asked.shard,
    )


def _written(
    asked: Asked, model: Path, problems: ProblemFile, out: Path, report: Callable[..., None] | None
) -> CompletionFile:
    from specship.pipeline.evaluation.humaneval.generation import GenerationTask, Generator, generate

    wanted = GenerationTask(
        samples=asked.samples,
        temperature=asked.temperature,
        seed=asked.seed,
        max_tokens=asked.max_tokens,
        shard=asked.shard,
    )
    return generate(Generator(model, problems, wanted, device=asked.device), out, report=report)


def _scored(
    asked: Asked,
    problems: ProblemFile,
    completions: CompletionFile,
    settings: ScoringSettings,
    report: Callable[..., None] | None,
) -> dict[str, Any]:
    found = score(problems, completions, settings, out=asked.out, report=report).as_json()
    return {
        **found,
        "shard": list(settings.shard),
        "generated": completions.generated,
        "notes": [*problems.notes, *completions.notes],
    }
