"""The score of an evaluation that another harness ran, with what its interval is known by."""

from __future__ import annotations

from specship.errors import NotRecorded
from specship.probes.probe import Artifact, Figures, probe

_UNTOLD = NotRecorded(
    "this harness does not record how many examples stood in a prompt",
    mend="expect a version of the task instead, which holds its examples",
)


@probe(
    "evaluation.score",
    checked="samples",
    samples="samples",
    value="fraction",
    standard_error="fraction",
    task="text",
    version="text",
    metric="text",
    harness="text",
    few_shot="examples",
    chat_template="text",
    system_prompt="text",
)
def evaluation_score(evaluation: Artifact) -> Figures:
    """The mean over `samples` that were answered, and its `standard_error`.

    Taken from the samples where there are some, else as the harness states it, and a note says so. A metric
    that is no fraction has no `value`. `chat_template` is `applied` or `none`, `system_prompt` the sha256
    of one. Raises DamagedArtifact.
    """
    from specship.pipeline.evaluation.results.receiving import read_evaluation

    received, result = read_evaluation(evaluation.path)
    recomputed = result.mean is not None
    value = result.mean if recomputed else result.value
    error = result.error_of_mean if recomputed else result.standard_error
    notes = [f"the maker's word ({received.source}): which weights were evaluated"]
    if not received.weights:
        notes = [f"nothing says which weights were evaluated; {result.harness} calls them {result.model!r}"]
    if not recomputed:
        notes.append("the maker's word: the score, since no samples lie beside it")
    if not result.template_told:
        notes.append("the maker's word: whether a chat template was applied")
    fraction = value is not None and 0 <= value <= 1
    return {
        "samples": len(result.scores) if recomputed else result.answered,
        "value": value if fraction else None,
        "standard_error": error if fraction else None,
        "task": result.task,
        "version": result.version,
        "metric": result.metric,
        "harness": result.harness,
        "few_shot": result.few_shot if result.few_shot is not None else _UNTOLD,
        "chat_template": received.chat_template,
        "system_prompt": result.system_sha256 or "none",
        "notes": notes,
    }
