"""Write a checkpoint folder as one GGUF file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specship.pipeline.gguf.reader import GgufFile

HELP = "write a checkpoint as a GGUF file"
_OURS = ("F32", "F16", "BF16", "Q8_0", "Q4_0")
_OF_LLAMA_CPP = ("Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K")
_TYPES = (
    f"of the matrices: {', '.join(_OURS)}; or, through llama.cpp's own quantizer where it is installed, "
    f"{', '.join(_OF_LLAMA_CPP)}; F32 by default"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship export`."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument(
        "--dtype", choices=(*_OURS, *_OF_LLAMA_CPP), default="F32", metavar="TYPE", help=_TYPES
    )
    parser.add_argument("--name", default="", help="general.name; the folder's name by default")
    parser.add_argument(
        "--converter",
        type=Path,
        metavar="FILE",
        help="llama.cpp's convert_hf_to_gguf.py, for families that our writer does not know",
    )
    parser.add_argument("--licence", default="", help="SPDX expression of the weights")


def run(arguments: argparse.Namespace) -> int:
    """Print what was written; always 0."""
    from specship.cli.extra import needs_pipeline
    from specship.cli.progress import progress

    needs_pipeline()
    notes: list[str] = []
    with progress("export") as report:
        written = _export(arguments, report, notes.append)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"{arguments.output}: {len(written.tensors)} tensors, {arguments.output.stat().st_size} bytes")
    return 0


def _export(
    arguments: argparse.Namespace, report: Callable[..., None], note: Callable[[str], None]
) -> GgufFile:
    from specship.pipeline.inference.any_model import is_ours

    if not is_ours(arguments.checkpoint):
        from specship.pipeline.export.llamacpp_converter import export_by_converter

        return export_by_converter(
            arguments.checkpoint,
            arguments.output,
            dtype=arguments.dtype,
            name=arguments.name or arguments.checkpoint.resolve().name,
            converter=arguments.converter,
            licence=arguments.licence,
            note=note,
        )
    about = {
        "note": note,
        "name": arguments.name or arguments.checkpoint.resolve().name,
        "licence": arguments.licence,
        "report": lambda done, total, _: report(done / 1e6, total / 1e6, "MB"),
    }
    if arguments.dtype in _OURS:
        from specship.pipeline.export.writer import export_gguf

        return export_gguf(arguments.checkpoint, arguments.output, dtype=arguments.dtype, **about)
    from specship.pipeline.export.quantizer import export_quantized

    return export_quantized(
        arguments.checkpoint,
        arguments.output,
        dtype=arguments.dtype,
        tensors=lambda done, total: report(done, total, "tensors quantized"),
        **about,
    )
