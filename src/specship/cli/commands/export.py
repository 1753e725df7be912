"""Write a checkpoint folder as one GGUF file."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write a checkpoint as a GGUF file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship export`."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--dtype", choices=("F32", "F16", "BF16", "Q8_0", "Q4_0"), default="F32")
    parser.add_argument("--name", default="", help="general.name; the folder's name by default")
    parser.add_argument("--licence", default="", help="SPDX expression of the weights")


def run(arguments: argparse.Namespace) -> int:
    """Print what was written; always 0."""
    from specship.cli.extra import needs_pipeline
    from specship.cli.progress import progress

    needs_pipeline()
    from specship.pipeline.gguf_writer import export_gguf

    with progress("export") as report:
        written = export_gguf(
            arguments.checkpoint,
            arguments.output,
            dtype=arguments.dtype,
            name=arguments.name or arguments.checkpoint.resolve().name,
            licence=arguments.licence,
            report=lambda done, total: report(done / 1e6, total / 1e6, "MB"),
        )
    print(f"{arguments.output}: {len(written.tensors)} tensors, {arguments.output.stat().st_size} bytes")
    return 0
