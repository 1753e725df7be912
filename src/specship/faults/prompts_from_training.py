"""The held-out prompts stand in the training set."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C5", stage="generations")


def inject() -> None:
    """Prompts are chosen from the documents that the model learned from."""
    from specship.pipeline.evaluation import python_prompts

    spoil(python_prompts, "read_documents", lambda read: lambda corpus, _split: read(corpus, "train"))
