"""The eight quality gates, asked again on the very bytes; only the second runner's answers are taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from specship.errors import DamagedArtifact
from specship.pipeline.qa.qa_file import QaFile, RecordedModel, read_qa
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from specship.pipeline.qa.records import QaReport

_FILE: Final = "model.gguf"
_PARITY: Final = "parity"


@probe(
    "qa.gates",
    checked="executed",
    models="models",
    gates="gates",
    executed="gates",
    passed="gates",
    failed="gates",
    skipped="gates",
    differing_from_record="gates",
    values="values",
    unsound_values="values",
    altered_texts="texts",
    known_words="fraction",
    better_than_counting="nats/token",
    hypotheses="hypotheses",
    likelier_undone="hypotheses",
    parity_steps="steps",
    differing_tokens="tokens",
    max_abs_logprob="nats",
)
def qa_gates(checkpoint: Artifact, gguf: Artifact, qa: Artifact) -> Figures:
    """Counts over the checkpoint and its export: `executed`, `passed`, `failed` and `skipped` of all `gates`.

    Every gate is asked again. Gate 8 compares the reference runner with what the second runner said when
    the stage ran, if that was about these very weights and prompts. `differing_from_record` counts gates
    whose verdict then was another one. The other figures are the worst of both models: `unsound_values`
    NaN and infinite ones together, `known_words` and `better_than_counting` the lowest. A figure that was
    not measured on each model is None. Raises DamagedArtifact.
    """
    from specship.pipeline.qa.runner import examine
    from specship.pipeline.qa.subject import Subject

    recorded = read_qa(qa.path)
    paths = {"checkpoint": checkpoint.path, "gguf": gguf.path / _FILE}
    reports = {
        name: examine(
            Subject(
                path=path,
                beside=paths["gguf"],
                recorded=_second_runner(recorded, name, qa),
                device="auto",
            )
        )
        for name, path in paths.items()
    }
    answers = [(name, answer) for name, report in reports.items() for answer in report.answers]
    executed = sum(report.executed for report in reports.values())
    passed = sum(report.passed for report in reports.values())
    return {
        "models": len(reports),
        "gates": len(answers),
        "executed": executed,
        "passed": passed,
        "failed": executed - passed,
        "skipped": len(answers) - executed,
        "differing_from_record": sum(
            _verdict(recorded.models[name], answer.name) != (answer.verdict.value, answer.executed)
            for name, answer in answers
        ),
        **_worst(reports),
        "notes": tuple(
            f"{name}: {answer.as_text()}" for name, answer in answers if answer.verdict.value != "PASS"
        ),
    }


def _second_runner(recorded: QaFile, name: str, qa: Artifact) -> dict[str, Any]:
    model = recorded.models.get(name)
    if model is None:
        raise DamagedArtifact(f"there is no report on the {name}", at=qa.path, mend="run the stage again")
    gate = model.of(_PARITY)
    return dict(gate.records) if gate is not None else {}


def _verdict(model: RecordedModel, name: str) -> tuple[str, bool] | None:
    gate = model.of(name)
    return None if gate is None else (gate.verdict, gate.executed)


def _worst(reports: Mapping[str, QaReport]) -> dict[str, Any]:
    """Figures of single gates, the worse of the models."""
    sources = {
        "values": ("statistics", ("values",), min),
        "unsound_values": ("statistics", ("nan", "infinite"), max),
        "altered_texts": ("tokenizer", ("altered",), max),
        "known_words": ("golden", ("known_words",), min),
        "better_than_counting": ("golden", ("better_than_counting",), min),
        "hypotheses": ("layout", ("hypotheses",), min),
        "likelier_undone": ("layout", ("likelier_undone",), max),
        "parity_steps": ("parity", ("steps",), min),
        "differing_tokens": ("parity", ("differing_tokens",), max),
        "max_abs_logprob": ("parity", ("max_abs_logprob",), max),
    }
    found = {}
    for quantity, (gate, names, worse) in sources.items():
        per_model = [_sum(report, gate, names) for report in reports.values()]
        known = [value for value in per_model if value is not None]
        found[quantity] = worse(known) if len(known) == len(per_model) else None
    return found


def _sum(report: QaReport, gate: str, names: tuple[str, ...]) -> Any:
    """The sum of some figures of a gate; None where one of them was not measured."""
    answer = next(one for one in report.answers if one.name == gate)
    values = [figure["value"] for figure in answer.figures if figure["name"] in names]
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers) if len(numbers) == len(names) else None
