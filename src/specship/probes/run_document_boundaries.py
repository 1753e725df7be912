"""Whether a run did about the ends of documents what its settings say."""
# ruff: noqa: N803, N806 - a suffix names the axes: N windows, T tokens

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from specship.pipeline.run_logs.needs import with_weights
from specship.pipeline.training.run_reading import read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEPS: Final = 32
"""The first steps are counted again; more would read the data again for nothing."""


@probe(
    "run.document_boundaries",
    checked="steps",
    steps="steps",
    separators="tokens",
    documents_begun="documents",
    miscounted_documents="steps",
    miscounted_targets="steps",
    setting="text",
)
def run_document_boundaries(run: Artifact, shards: Artifact) -> Figures:
    """Documents that began inside the windows of the first steps, and targets that were learned.

    Both are counted again in the tokens of the shards, in the order of the run's seed, and held against what
    each step recorded. A run that lets documents see each other records none, and none is expected of it; one
    that keeps them apart, and whose reader forgot it, records none where the tokens hold many.

    Source: Dubey et al. 2024 (arXiv:2407.21783) on masks between documents of one window.

    Raises:
        DamagedArtifact: the log, the record of the run or the shards cannot be used.
        NotRecorded: it is the log of another program.
    """
    from specship.pipeline.shards.token_reader import TokenReader

    with_weights(run.path)
    settings = read_run(run.path).config.training
    records = read_steps(run.path)[:_STEPS]
    reader = TokenReader(
        shards.path,
        "train",
        length=settings.sequence_length,
        seed=settings.seed,
        at_end="cycle",
        tokenizer=None,
    )
    documents, targets, separators, begun = [], [], 0, 0
    for record in records:
        ends_NT = (
            reader.next_batch(settings.micro_batch * settings.accumulation)[:, :-1] == reader.separator_id
        )
        expected, learned = _expected(ends_NT, settings.boundaries.apart, settings.train_after_separator)
        separators += int(ends_NT.sum())
        begun += expected
        if record.get("documents_begun", 0) != expected:
            documents.append(int(record["step"]))
        if record.get("targets", settings.tokens_per_step) != learned:
            targets.append(int(record["step"]))
    return {
        "steps": len(records),
        "separators": separators,
        "documents_begun": begun,
        "miscounted_documents": len(documents),
        "miscounted_targets": len(targets),
        "setting": settings.document_boundaries,
        "notes": [
            *(f"step {step}: another number of documents than its tokens hold" for step in documents[:4]),
            *(f"step {step}: another number of targets than its tokens hold" for step in targets[:4]),
        ],
    }


def _expected(ends_NT: NDArray[np.bool_], apart: bool, after_separator: bool) -> tuple[int, int]:
    """Documents that begin behind the first token of a window, and learned targets."""
    begun = int(ends_NT[:, :-1].sum()) if apart else 0
    return begun, int(ends_NT.size if after_separator else (~ends_NT).sum())
