"""Harness: the HumanEval harness on completions whose outcomes are known, where no model is judged yet.

`self-test.json` keeps the outcome of each completion; `problems.jsonl` the problems as they were read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from specship.digests import sha256_file
from specship.files import write_json
from specship.pipeline.stage import Settings, Stage, Work

RECORD = "self-test.json"


class HarnessSettings(Settings):
    """Which problems, and how many at once."""

    problems: str
    """HumanEval JSON Lines, relative to the project. Its tests are run."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Completions that are scored at once."""


def _outside(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the problem file; of none, where there is none."""
    path = project / str(settings["harness"].get("problems", ""))
    return sha256_file(path) if path.is_file() else ""


STAGE = Stage(
    makes="harness", lifecycle="eval", settings={"harness": HarnessSettings}, outside=_outside
)  # fmt: skip


def run(work: Work) -> None:
    """Score the known completions at the strongest level that can be had here.

    Raises:
        DamagedArtifact: the problem file cannot be read.
        RequirementMissing: generated code cannot be contained on this machine.
    """
    from specship.pipeline.evaluation.humaneval.problems import read_problems
    from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
    from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, choose_level
    from specship.pipeline.evaluation.humaneval.selftest import self_test

    settings: HarnessSettings = work.settings["harness"]
    problems = read_problems(Path(settings.problems))
    level = choose_level(Limits())
    scoring = ScoringSettings(level=level, workers=settings.workers)
    write_json(work.output / RECORD, self_test(problems, scoring, report=work.report))
