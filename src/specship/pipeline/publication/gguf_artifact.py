"""What the stages that write a GGUF file have in common: from a checkpoint to one file, its origin inside."""

from __future__ import annotations

from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.elements import Dtype
from specship.pipeline.publication.checkpoint_provenance import origin_of
from specship.pipeline.stage import Work


def write_gguf_artifact(work: Work, file: str, *, name: str, dtype: Dtype) -> None:
    """Export the checkpoint among a stage's inputs as a file of its output.

    Raises:
        UnusableInput: the checkpoint or its tokenizer cannot be exported.
    """
    origin = origin_of(work.inputs["checkpoint"], work.inputs["corpus"])
    written = export_gguf(
        work.inputs["checkpoint"],
        work.output / file,
        dtype=dtype,
        name=name,
        licence=origin.licence,
        sources=origin.datasets,
        base_model=origin.base_model,
    )
    work.report(1, 1, "files", tensors=len(written.tensors))
