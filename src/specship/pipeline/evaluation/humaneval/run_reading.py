"""The runs of a model's evaluation, read with distrust: samples and outcomes that belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from specship.digests import sha256_file
from specship.errors import DamagedArtifact
from specship.pipeline.evaluation.humaneval.extraction import Thoughts
from specship.pipeline.evaluation.humaneval.judging import SampleOutcome
from specship.pipeline.evaluation.humaneval.outcomes import read_shard
from specship.pipeline.evaluation.humaneval.problems import CompletionFile, ProblemFile, Sample, read_problems
from specship.pipeline.evaluation.humaneval.samples import Generated, read_samples
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, score
from specship.pipeline.evaluation.humaneval.verdicts import Key
from specship.records import OpenRecord, checked

if TYPE_CHECKING:
    from specship.pipeline.evaluation.humaneval.generation import Generator


class _Chat(OpenRecord):
    wants: bool


class _Sampling(OpenRecord):
    samples: int
    temperature: float
    seed: int
    max_tokens: int


class _Thoughts(OpenRecord):
    tags: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    begun: bool


class _Generated(OpenRecord):
    weights_digest: str
    prompt_format: str
    device: str
    chat: _Chat
    sampling: _Sampling
    stop_texts: list[str]
    thoughts: _Thoughts


@dataclass(frozen=True, slots=True)
class CompletionsRun:
    """One run."""

    generated: Mapping[str, Any]
    samples: Sequence[Generated]
    outcomes: Mapping[Key, SampleOutcome]
    sandbox: Mapping[str, Any]
    scoring: Mapping[str, Any]
    """Heading of the outcomes."""

    @property
    def weights(self) -> str:
        """Digest of the weights that wrote it."""
        return str(self.generated["weights_digest"])

    @property
    def asked(self) -> dict[str, Any]:
        """Everything that runs have in common: all but the seed."""
        sampling = {name: value for name, value in self.generated["sampling"].items() if name != "seed"}
        scoring = {name: self.scoring[name] for name in ("problems_sha256", "level", "limits", "stops")}
        return {**self.generated, "sampling": sampling, **scoring}

    def chosen(self, count: int, salt: str) -> list[Generated]:
        """Some samples, as a digest chooses them."""

        def rank(one: Generated) -> bytes:
            return hashlib.sha256(f"{salt}\n{one.task_id}\n{one.index}".encode()).digest()

        return sorted(self.samples, key=rank)[:count]

    def generator(self, checkpoint: Path, problems: ProblemFile) -> Generator:
        """The checkpoint, asked as it was asked for this run."""
        from specship.pipeline.evaluation.humaneval.generation import GenerationTask, Generator

        told = self.generated["sampling"]
        names = ("samples", "temperature", "seed", "max_tokens")
        asked = GenerationTask(**{name: told[name] for name in names})
        return Generator(checkpoint, problems, asked, device=self.generated["device"])

    def judged_again(self, problems: ProblemFile, samples: Sequence[Generated]) -> dict[Key, str]:
        """Outcomes of some samples, judged under the settings of the run."""
        again = tuple(
            Sample(one.task_id, one.index, one.completion, "" if one.stop_reason != "no-room" else "no room")
            for one in samples
        )
        settings = ScoringSettings(
            level=self.scoring["level"],
            limits=Limits(**self.scoring["limits"]),
            stops=self.scoring["stops"],
            thoughts=Thoughts.of(self.generated),
        )
        found = score(problems, CompletionFile(again, ""), settings)
        return {key: outcome.outcome for key, outcome in found.outcomes.items()}


def read_runs(folder: Path) -> tuple[ProblemFile, list[CompletionsRun]]:
    """The problems of an artifact, and its runs in order.

    Raises:
        DamagedArtifact: a file of it is not what it must be, or samples and outcomes do not belong together.
        UnusableInput: the outcomes of a run are not through.
    """
    problems = read_problems(folder / "problems.jsonl")
    runs = sorted(folder.glob("run-*"), key=lambda path: (len(path.name), path.name))
    return problems, [_run(path, problems) for path in runs]


def _run(folder: Path, problems: ProblemFile) -> CompletionsRun:
    heading, samples = read_samples(folder / "samples.jsonl")
    scoring, outcomes, sandbox = read_shard(folder / "outcomes.jsonl")
    generated = scoring["generated"]
    checked(_Generated, generated, folder / "outcomes.jsonl", what="no run of a model")
    try:
        Limits(**scoring["limits"])
    except TypeError as error:
        raise DamagedArtifact(f"no run of a model: {error}", at=folder / "outcomes.jsonl") from error
    told = {name: value for name, value in heading.items() if name in generated}
    same = (
        told == generated
        and scoring["completions_sha256"] == sha256_file(folder / "samples.jsonl")
        and scoring["problems_sha256"] == heading.get("problems_sha256") == problems.sha256
        and {(one.task_id, one.index) for one in samples} == outcomes.keys()
        and len(samples) == len(outcomes)
    )
    if not same:
        raise DamagedArtifact(
            "samples and outcomes do not belong together",
            at=folder,
            why="an outcome counts only for the completion that it was found for",
            mend="run the evaluation again",
        )
    return CompletionsRun(generated, samples, outcomes, sandbox, scoring)
