"""What a harness says of one task, sample by sample where it says that: one record, whoever wrote it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from specship.errors import NotRecorded, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSample:
    """One question of a task, and what came of it."""

    key: str
    """Which question it is within the task, epochs apart."""
    asked: str
    """Hex sha256 of question and right answer: what two runs must share to be compared."""
    outcome: float | None
    """What the metric gives for it; None where it was not scored with a number."""
    error: str = ""
    """Why there is no answer; such a sample is neither right nor wrong."""
    cut: bool = False
    """Whether the answer was ended by a limit on tokens, messages or time."""
    altered: bool = False
    """Whether its question or answer is not the one that its own digests name."""
    place: Place

    @property
    def scored(self) -> float | None:
        """Its figure, unless it has none or the answer is missing."""
        return None if self.error else self.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessResult:
    """One task and one metric of one run of a harness.

    None and the empty text mean that the harness does not say; nothing is filled in.
    """

    harness: str
    """Its name and version: `lm-evaluation-harness 0.4.13`."""
    task: str
    version: str
    metric: str
    """With the filter or scorer behind a comma: `acc,none`."""
    value: float
    standard_error: float | None
    answered: int | None
    """Samples that the value is a mean over."""
    dataset: int | None
    """Samples that the dataset has."""
    few_shot: int | None
    """Examples in each prompt."""
    limited: str
    """How the run was cut short on purpose: `limit 10`."""
    unfinished: str
    """Why it did not come to its end."""
    model: str
    """Name or path of the model, as the harness was told it."""
    parameters: int | None
    template_told: bool
    """Whether the harness records the chat template at all."""
    template_sha256: str | None
    """Of the chat template that was applied; None where none was, or where it is not told."""
    system_sha256: str | None
    tokens: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Text and id of special tokens of the tokenizer, by role."""
    reordered: bool = False
    """Whether the samples are not those that the result's own digest of them names."""
    samples: tuple[AskedSample, ...] | None
    """None where there is no file of them."""
    place: Place

    @property
    def asked(self) -> tuple[AskedSample, ...]:
        """Its samples.

        Raises:
            NotRecorded: the harness was not told to keep them.
        """
        if not self.samples:
            raise NotRecorded(
                "the evaluation has no samples", at=self.place,
                why="a score whose samples are gone can be neither recomputed nor compared",
                mend="evaluate again and keep them (lm-eval: --log_samples)",
            )  # fmt: skip
        return self.samples

    @property
    def scores(self) -> tuple[float, ...]:
        """Figures of the samples that were answered and scored."""
        return tuple(one for sample in self.samples or () if (one := sample.scored) is not None)

    @property
    def mean(self) -> float | None:
        """The mean of the samples' figures."""
        scores = self.scores
        return math.fsum(scores) / len(scores) if scores else None

    @property
    def error_of_mean(self) -> float | None:
        """Standard error of that mean; None of fewer than two samples.

        Source: the sample standard deviation over the root of their number, as both harnesses compute it.
        """
        scores = self.scores
        return statistics.stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else None
