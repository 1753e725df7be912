"""Every tensor of the checkpoint against its copy in the GGUF."""

from __future__ import annotations

from typing import Final

from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.gguf.names import expected_names
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from specship.probes.probe import Artifact, Figures, probe

_FILE: Final = "model.gguf"


@probe(
    "gguf.tensors",
    checked="tensors",
    tensors="tensors",
    expected_tensors="tensors",
    surplus_tensors="tensors",
    mismatched="tensors",
    lowest_cosine="difference",
    max_abs_difference="difference",
    tensor_bytes="bytes",
    unowned_bytes="bytes",
)
def gguf_tensors(checkpoint: Artifact, gguf: Artifact) -> Figures:
    """All tensors, rows of Q and K put back into the checkpoint's order, compared to the last bit.

    `mismatched` counts tensors that are missing, of another shape, or not equal at the export's
    own precision; `unowned_bytes` those of the data section, beyond alignment, that no tensor owns. Of a
    family without a decoder of ours, tensors may also be transposed, larger by one or stacked, as notes say;
    how far apart they are is then not measured. Raises DamagedArtifact.
    """
    from specship.pipeline.comparison.gguf_tensors import compare_tensors
    from specship.pipeline.inference.any_model import is_ours

    if not is_ours(checkpoint.path):
        return _converted(checkpoint, gguf)
    opened, exported = open_any_checkpoint(checkpoint.path), read_gguf(gguf.path / _FILE)
    comparisons = compare_tensors(opened, exported)
    surplus = sorted(exported.tensors.keys() - expected_names(opened.shape))
    bad = [comparison for comparison in comparisons if comparison.equal is False]
    return {
        "tensors": sum(
            not comparison.fault or comparison.fault == "values differ" for comparison in comparisons
        ),
        "expected_tensors": len(expected_names(opened.shape)),
        "surplus_tensors": len(surplus),
        "mismatched": len(bad),
        "lowest_cosine": min(comparison.cosine for comparison in comparisons),
        "max_abs_difference": max(comparison.max_abs_difference for comparison in comparisons),
        **_bytes(exported),
        "notes": [f"{comparison.name}: {comparison.fault}" for comparison in bad[:5]]
        + [f"{name}: not of this architecture" for name in surplus[:5]],
    }


def _bytes(exported: GgufFile) -> Figures:
    owned = sum(tensor.size for tensor in exported.tensors.values())
    alignment = int(exported.metadata.get("general.alignment", 32))
    aligned = sum(-(-tensor.size // alignment) * alignment for tensor in exported.tensors.values())
    return {
        "tensor_bytes": owned,
        "unowned_bytes": max(exported.size - exported.data_offset - aligned, 0),
    }


def _converted(checkpoint: Artifact, gguf: Artifact) -> Figures:
    """The same of a file that llama.cpp's converter wrote; which tensor is which, the `gguf` package says."""
    from specship.pipeline.checkpoint.other_folder import open_other_folder
    from specship.pipeline.export.converted_tensors import (
        COMPUTED,
        NOT_COMPARED,
        compare_converted,
        counted,
    )

    opened, exported = open_other_folder(checkpoint.path), read_gguf(gguf.path / _FILE)
    opened.process.close()
    found = list(compare_converted(opened, exported))
    bad = [one for one in found if one.fault or one.relation == NOT_COMPARED]
    surplus = [one.name for one in found if one.relation == COMPUTED]
    return {
        "tensors": len(found) - len(surplus) - len(bad),
        "expected_tensors": len(found) - len(surplus),
        "surplus_tensors": len(surplus),
        "mismatched": len(bad),
        "lowest_cosine": None,
        "max_abs_difference": None,
        **_bytes(exported),
        "notes": [f"{one.name}: {one.fault or one.relation}" for one in bad[:5]]
        + [f"{count} tensors are {relation}" for relation, count in counted(found).items()],
    }
