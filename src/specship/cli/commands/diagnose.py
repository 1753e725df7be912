"""Say which root-cause class binds a run: data starvation, optimization defect or infrastructure masking.

RUN is a folder that `specship pretrain` wrote, the output of a Hugging Face Trainer, or a log of another
program, the file or a folder that holds it: Lightning, TensorBoard, MLflow, Weights & Biases, what nanoGPT,
nanochat, torchtitan or a Trainer printed, CSV or JSON Lines.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from specship.report.formats import DIAGNOSIS, TEXT, names, render

HELP = "which root cause binds a run, with figures"


def _fact(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise argparse.ArgumentTypeError("write NAME=VALUE")
    return name.strip().replace("-", "_"), value.strip()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship diagnose`."""
    parser.add_argument("folder", type=Path, metavar="RUN")
    parser.add_argument(
        "--fact",
        type=_fact,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a fact that the records do not hold, such as unique_tokens=1200000, or the column that holds a "
        "figure, such as columns.loss=cost; may be repeated",
    )
    parser.add_argument("--format", choices=names(DIAGNOSIS), default=TEXT)


def _told(facts: list[tuple[str, str]]) -> dict[str, str]:
    from specship.errors import UnusableInput

    told = dict(facts)
    if len(told) < len(facts):
        twice = next(name for name, _ in facts if sum(other == name for other, _ in facts) > 1)
        raise UnusableInput(f"--fact {twice} is given twice", mend="state it once")
    return told


def run(arguments: argparse.Namespace) -> int:
    """0 for a healthy run, 1 where something was found or nobody can tell."""
    from specship.diagnose.diagnosing import HEALTHY
    from specship.diagnose.opening import diagnose_run

    found = diagnose_run(arguments.folder, _told(arguments.fact))
    sys.stdout.write(render(DIAGNOSIS, arguments.format, found))
    return 0 if found.binding == HEALTHY else 1
