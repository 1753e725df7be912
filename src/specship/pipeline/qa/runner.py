"""Runs every gate on a model, whatever one of them meets."""

from __future__ import annotations

import time
from dataclasses import replace

from specship.contracts.judging import Verdict
from specship.errors import RequirementMissing, SpecshipError, StageFailed
from specship.pipeline.checkpoint.recognition import refuse_no_model
from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.records import GateAnswer, QaReport, judged
from specship.pipeline.qa.registry import all_gates
from specship.pipeline.qa.subject import Subject

_LONGEST_DETAIL = 400


def examine(subject: Subject) -> QaReport:
    """Ask every gate.

    Raises:
        UnusableInput: there is nothing at the path, or something that is no model: no gate could look at it.
    """
    refuse_no_model(subject.path)
    gates = all_gates()
    answers = []
    for done, gate in enumerate(gates):
        subject.report(done, len(gates), "gates", gate=gate.name)
        answers.append(ask(gate, subject))
    subject.report(len(gates), len(gates), "gates")
    kind = "folder" if subject.is_folder else "gguf"
    return QaReport(model=str(subject.path), kind=kind, engine=_engine(subject), answers=tuple(answers))


def _engine(subject: Subject) -> str:
    """What computed the answers; of a model that did not open, what its family would be computed by."""
    try:
        return subject.engine
    except SpecshipError:
        return "transformers"


def ask(gate: QualityGate, subject: Subject) -> GateAnswer:
    """One gate's answer; whatever happens to it is a verdict."""
    began = time.monotonic()
    try:
        answer = judged(gate.number, gate.name, gate.measure(subject), gate.limits(subject))
    except (StageFailed, RequirementMissing) as error:
        answer = _unexecuted(gate, Verdict.ERROR, error)
    except SpecshipError as error:
        answer = _unexecuted(gate, Verdict.FAIL, error)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of a native library is no Exception
        what = f"{type(error).__name__}: {error}"
        answer = GateAnswer(
            number=gate.number,
            name=gate.name,
            verdict=Verdict.ERROR,
            executed=False,
            detail=_short(f"this gate could not cope with the model: {what}"),
        )
    return replace(answer, seconds=time.monotonic() - began)


def _unexecuted(gate: QualityGate, verdict: Verdict, error: SpecshipError) -> GateAnswer:
    """What stopped a gate, as its answer: a gate that could not look is never a pass."""
    place = f"{error.at}: " if error.at else ""
    return GateAnswer(
        number=gate.number,
        name=gate.name,
        verdict=verdict,
        executed=False,
        detail=_short(place + error.message),
        notes=tuple(_short(part) for part in (error.why, error.mend) if part),
    )


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST_DETAIL else one_line[: _LONGEST_DETAIL - 1] + "…"
