"""HumanEval: the checkpoint's own completions, written and scored, once a run.

`problems.jsonl` are the problems as they were read. Each `run-N/` holds `samples.jsonl`, what the model
wrote, and `outcomes.jsonl`, what came of it; both are continued after a kill. Runs differ in their seed.
A greedy model writes the same again, so that it writes once; each run has what it wrote, scored anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from specship.digests import sha256_file
from specship.files import write_file
from specship.pipeline.stage import Settings, Work

PROBLEMS = "problems.jsonl"
SAMPLES = "samples.jsonl"
OUTCOMES = "outcomes.jsonl"


class HumanEvalSettings(Settings):
    """What is asked, how often, and how completions are drawn."""

    problems: str
    """HumanEval JSON Lines, relative to the project. Its tests are run."""
    runs: Annotated[int, Field(ge=1, le=100)] = 3
    """Times the whole of it is repeated; greedy completions are written once and scored each time."""
    samples: Annotated[int, Field(ge=1, le=1000)] = 1
    """Completions a problem and run; 1 where decoding is greedy."""
    temperature: Annotated[float, Field(ge=0)] = 0.0
    """0 is greedy."""
    seed: int = 0
    """Of the first run; each later one adds 1."""
    max_tokens: Annotated[int, Field(ge=1)] = 512
    """Longest completion."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Completions that are scored at once."""
    threads: Annotated[int, Field(ge=1)]
    """Threads of the decoder."""
    device: str
    """Where the decoder runs."""

    @model_validator(mode="after")
    def _greedy_has_one_answer(self) -> Self:
        if self.temperature == 0 and self.samples != 1:
            raise ValueError("greedy decoding has one completion a problem: 'samples' is 1")
        return self


def problems_digest(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the problem file; of none, where there is none."""
    path = project / str(settings["humaneval"].get("problems", ""))
    return sha256_file(path) if path.is_file() else ""


def run_humaneval(work: Work) -> None:
    """Write and score, run after run.

    Raises:
        DamagedArtifact: the problem file, or what an earlier attempt left, cannot be read.
        UnusableInput: the checkpoint cannot be used.
        RequirementMissing: the device is not here, or generated code cannot be contained on this machine.
    """
    import torch

    from specship.pipeline.evaluation.humaneval.generation import GenerationTask, Generator, generate
    from specship.pipeline.evaluation.humaneval.problems import plain_bytes, read_problems
    from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
    from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, choose_level, score

    settings: HumanEvalSettings = work.settings["humaneval"]
    torch.set_num_threads(settings.threads)
    write_file(work.output / PROBLEMS, plain_bytes(Path(settings.problems)))
    problems = read_problems(work.output / PROBLEMS)
    level = choose_level(Limits())
    for number in range(settings.runs):
        folder = work.output / f"run-{number + 1}"
        folder.mkdir(exist_ok=True)
        asked = GenerationTask(
            samples=settings.samples,
            temperature=settings.temperature,
            seed=settings.seed + number,
            max_tokens=settings.max_tokens,
        )
        generator = Generator(work.inputs["checkpoint"], problems, asked, device=settings.device)
        repeated = settings.temperature == 0 and number > 0
        earlier = work.output / "run-1" / SAMPLES if repeated else None
        completions = generate(generator, folder / SAMPLES, report=work.report, earlier=earlier)
        scoring = ScoringSettings(
            level=level,
            workers=settings.workers,
            stops=bool(generator.prompting.stop_texts),
            thoughts=generator.prompting.thoughts,
        )
        score(problems, completions, scoring, out=folder / OUTCOMES, report=work.report)
