"""Say which root-cause class binds a run: data starvation, optimization defect or infrastructure masking.

RUN is a folder that `specship pretrain` wrote, the output of a Hugging Face Trainer, or a log of another
program, the file or a folder that holds it: Lightning, TensorBoard, MLflow, Weights & Biases, what nanoGPT,
nanochat, torchtitan or a Trainer printed, CSV or JSON Lines.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from specship.cli.told_facts import add_facts, facts_told
from specship.report.formats import DIAGNOSIS, TEXT, names, render

HELP = "which root cause binds a run, with figures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship diagnose`."""
    parser.add_argument("folder", type=Path, metavar="RUN")
    add_facts(
        parser,
        "a fact that the records do not hold, such as unique_tokens=1200000, or the column that holds a "
        "figure, such as columns.loss=cost; may be repeated",
    )
    parser.add_argument("--format", choices=names(DIAGNOSIS), default=TEXT)


def run(arguments: argparse.Namespace) -> int:
    """0 for a healthy run, 1 where something was found or nobody can tell."""
    from specship.diagnose.diagnosing import HEALTHY
    from specship.diagnose.opening import diagnose_run

    found = diagnose_run(arguments.folder, facts_told(arguments.fact))
    sys.stdout.write(render(DIAGNOSIS, arguments.format, found))
    return 0 if found.binding == HEALTHY else 1
