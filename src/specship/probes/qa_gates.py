"""The eight quality gates, asked again on the very bytes; only the second runner's answers are taken."""

from __future__ import annotations

from typing import Any, Final

from specship.errors import DamagedArtifact
from specship.pipeline.qa.qa_file import QaFile, RecordedModel, read_qa
from specship.probes.probe import Artifact, Figures, probe

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
    from specship.pipeline.qa.figures import gate_figures
    from specship.pipeline.qa.runner import examine
    from specship.pipeline.qa.subject import Subject

    recorded = read_qa(qa.path)
    paths = {"checkpoint": checkpoint.path, "gguf": gguf.path / _FILE}
    reports = {
        name: examine(
            Subject(
                path=path,
                beside=paths["gguf" if name == "checkpoint" else "checkpoint"],
                recorded=_second_runner(recorded, name, qa),
                device="auto",
            )
        )
        for name, path in paths.items()
    }
    answers = [(name, answer) for name, report in reports.items() for answer in report.answers]
    figures = gate_figures(reports.values())
    return {
        "models": len(reports),
        **figures,
        "skipped": figures["gates"] - figures["executed"],
        "differing_from_record": sum(
            _verdict(recorded.models[name], answer.name) != (answer.verdict.value, answer.executed)
            for name, answer in answers
        ),
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
