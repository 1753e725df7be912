"""What the stages that write a GGUF file have in common: from a checkpoint to one file, its origin inside."""

from __future__ import annotations

from pathlib import Path

from specship.pipeline.export.llamacpp_converter import export_by_converter
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.elements import Dtype
from specship.pipeline.inference.any_model import is_ours
from specship.pipeline.publication.checkpoint_provenance import origin_of
from specship.pipeline.stage import Work


def write_gguf_artifact(
    work: Work, file: str, *, name: str, dtype: Dtype, converter: str | None = None
) -> None:
    """Export the checkpoint among a stage's inputs as a file of its output.

    A family that our writer does not know goes through llama.cpp's `converter`.

    Raises:
        UnusableInput: the checkpoint or its tokenizer cannot be exported.
        RequirementMissing: it needs llama.cpp's converter, which is not here.
    """
    origin = origin_of(work.inputs["checkpoint"], work.inputs["corpus"])
    if not is_ours(work.inputs["checkpoint"]):
        by_converter = export_by_converter(
            work.inputs["checkpoint"],
            work.output / file,
            dtype=dtype,
            name=name,
            converter=None if converter is None else Path(converter),
            licence=origin.licence,
            base_model=origin.base_model,
        )
        work.report(1, 1, "files", tensors=len(by_converter.tensors))
        return
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
