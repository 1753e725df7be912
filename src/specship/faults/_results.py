"""Edits of an evaluation's result, whichever harness wrote it."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.pipeline.evaluation.results.formats.inspect_ai import unpacked

_ASIDE: Final = frozenset({"attachments", "events", "messages", "timelines"})
Edit = Callable[["OpenResult"], None]


@dataclass(slots=True)
class OpenResult:
    """A result taken apart: the document that holds the figures, and the samples as records."""

    document: dict[str, Any]
    samples: list[dict[str, Any]]
    task: str
    name: str
    """Of the metric, without its filter or scorer."""
    behind: str
    """Its filter or scorer."""

    @property
    def inspect(self) -> bool:
        """Whether Inspect wrote it."""
        return "eval" in self.document

    def outcome(self, sample: dict[str, Any]) -> float | None:
        """What the metric gives for a sample."""
        if not self.inspect:
            return float(sample[self.name])
        value = sample.get("scores", {}).get(self.behind, {}).get("value")
        return (
            None
            if value is None
            else {"C": 1.0, "I": 0.0}.get(value)
            if isinstance(value, str)
            else float(value)
        )

    def score(self, sample: dict[str, Any], outcome: float) -> None:
        """Give a sample another outcome."""
        if self.inspect:
            sample["scores"][self.behind]["value"] = outcome
        else:
            sample[self.name] = outcome

    def state(self, value: float, error: float | None = None, samples: int | None = None) -> None:
        """Write other figures into the document."""
        if self.inspect:
            scores = self.document["results"]["scores"]
            score = next(one for one in scores if one["name"] == self.behind)
            score["metrics"][self.name]["value"] = value
            if error is not None and "stderr" in score["metrics"]:
                score["metrics"]["stderr"]["value"] = error
            if samples is not None:
                score["scored_samples"] = samples
            return
        figures = self.document["results"][self.task]
        figures[f"{self.name},{self.behind}"] = value
        if error is not None:
            figures[f"{self.name}_stderr,{self.behind}"] = error
        if samples is not None:
            self.document["n-samples"][self.task]["effective"] = samples

    def restate(self) -> None:
        """Let the document say what the samples give now."""
        scores = [one for sample in self.samples if (one := self.outcome(sample)) is not None]
        error = statistics.stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else None
        self.state(math.fsum(scores) / len(scores), error, len(scores))


def edit_result(folder: Path, edit: Edit, *, into: str = "result") -> None:
    """Change the result of an evaluation's artifact; `into` another folder, it is written there anew.

    A packed log becomes the JSON that Inspect writes, too.
    """
    received = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    name, _, behind = received["metric"].partition(",")
    source, target = folder / "result", folder / into
    packed = next(source.glob("*.eval"), None)
    path = packed.with_suffix(".json") if packed else next(source.glob("*.json"))
    document = unpacked(packed) if packed else json.loads(path.read_text(encoding="utf-8"))
    lines = next(source.glob("*.jsonl"), None)
    samples = document.get("samples") or []
    if lines is not None:
        samples = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    if packed:  # what no figure rests on, and a document may not be as long as an archive
        samples = [{name: one for name, one in sample.items() if name not in _ASIDE} for sample in samples]
    opened = OpenResult(document, samples, received["task"], name, behind)
    edit(opened)
    target.mkdir(exist_ok=True)
    if packed and target == source:
        packed.unlink()
    if opened.inspect:
        document["samples"] = opened.samples
    elif lines is not None:
        text = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in opened.samples)
        (target / lines.name).write_text(text, encoding="utf-8")
    (target / path.name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
