"""The quality gates on a GGUF that is all there is: nothing else of its model lies beside it."""

from __future__ import annotations

from typing import Final

from specship.probes.probe import Artifact, Figures, probe

_FILE: Final = "model.gguf"


@probe(
    "gguf.quality",
    checked="executed",
    gates="gates",
    executed="gates",
    passed="gates",
    failed="gates",
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
def gguf_quality(gguf: Artifact) -> Figures:
    """How many gates were executed and passed; `failed` are those that were executed and did not.

    A gate that wants a second runner is not executed where llama.cpp is what computes the file: a program
    that is held against itself is equal whatever it does. Figures are those of the gates; one that was not
    measured is None.

    Not measured: whether the file is what its checkpoint was; that takes both.

    Raises:
        UnusableInput: it is no model.
    """
    from specship.pipeline.qa.figures import gate_figures
    from specship.pipeline.qa.runner import examine
    from specship.pipeline.qa.subject import Subject

    report = examine(Subject(path=gguf.path / _FILE, device="auto"))
    return {
        **gate_figures([report]),
        "notes": [
            f"computed by {report.engine}",
            *(one.as_text() for one in report.answers if one.verdict.value != "PASS"),
        ],
    }
