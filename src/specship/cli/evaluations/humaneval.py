"""HumanEval: a model writes completions, or they are given; the code runs apart from its judge."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specship.pipeline.evaluation.humaneval.evaluation import Asked

HELP = "HumanEval, completions written by a model or given, scored in a sandbox"


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError("write I/N with 1 <= I <= N")
    return int(part), int(parts)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("from 1 to 64")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship eval humaneval`."""
    parser.add_argument(
        "model", type=Path, nargs="?", help="a checkpoint folder or a GGUF file that writes completions"
    )
    parser.add_argument(
        "--problems", type=Path, help="HumanEval JSON Lines, plain or gzip; its tests are run"
    )
    parser.add_argument("--completions", type=Path, help="JSON Lines of task_id and completion")
    parser.add_argument("--samples", type=int, default=1, metavar="N", help="completions a problem")
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-tokens", type=int, default=512, help="longest completion")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto")
    parser.add_argument(
        "--out",
        type=Path,
        help="outcomes as they come, and beside them FILE.samples.jsonl with what the model wrote; "
        "given again, both are continued",
    )
    parser.add_argument("--workers", type=_workers, default=2)
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="every N-th sample only")
    parser.add_argument("--ray", metavar="ADDRESS", help="run the shards on this Ray cluster (specship[ray])")
    parser.add_argument("--shards", type=_workers, help="with --ray: how many (default: one a node)")
    parser.add_argument(
        "--level",
        choices=("auto", "namespaces", "landlock+seccomp", "rlimits"),
        default="auto",
        help="isolation; auto takes the strongest that works, and never rlimits, which contains nothing",
    )
    parser.add_argument("--stop-rules", action="store_true", help="cut completions at top-level code")
    parser.add_argument("--check-sandbox", action="store_true", help="try what generated code could try")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when every sample was scored in a sound sandbox, 1 when not."""
    if arguments.check_sandbox:
        return _check(arguments)
    return _evaluate(arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    from specship.cli.progress import progress
    from specship.pipeline.evaluation.humaneval.evaluation import evaluate
    from specship.pipeline.evaluation.humaneval.ray_shards import evaluate_on_cluster

    asked = _asked(arguments)
    with progress("HumanEval") as report:
        if arguments.ray:
            answer = evaluate_on_cluster(asked, arguments.ray, shards=arguments.shards, report=report)
        else:
            answer = evaluate(asked, report=report)
    return _shown(answer, arguments.format)


def _asked(arguments: argparse.Namespace) -> Asked:
    from specship.cli.extra import needs_pipeline
    from specship.errors import UnusableInput
    from specship.pipeline.evaluation.humaneval.evaluation import Asked

    if arguments.problems is None or (arguments.completions is None) == (arguments.model is None):
        raise UnusableInput(
            "nothing to score" if arguments.model is None else "a model and completions at once",
            mend="give --problems FILE, and either a MODEL or --completions FILE",
        )
    if arguments.shards and not arguments.ray:
        raise UnusableInput("--shards without a cluster", mend="give --ray ADDRESS, or --shard I/N")
    if arguments.model is not None:
        needs_pipeline()
    names = ("model", "problems", "completions", "samples", "temperature", "seed", "max_tokens", "device",
             "out", "workers", "level", "shard")  # fmt: skip
    return Asked(**{name: getattr(arguments, name) for name in names}, stops=arguments.stop_rules)


def _shown(report: dict[str, Any], form: str) -> int:
    from specship.pipeline.evaluation.humaneval.report import as_text

    print(json.dumps(report, indent=2) if form == "json" else as_text(report))
    return 1 if report["error"] else 0


def _check(arguments: argparse.Namespace) -> int:
    from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
    from specship.pipeline.evaluation.humaneval.sandbox.process import LEVELS
    from specship.pipeline.evaluation.humaneval.selfcheck import as_text, check_sandbox

    levels = LEVELS if arguments.level == "auto" else (arguments.level,)
    checked = [check_sandbox(level, Limits()) for level in levels]
    report = [level.as_json() for level in checked]
    print(json.dumps(report, indent=2) if arguments.format == "json" else as_text(checked))
    return 0 if any(level.sound for level in checked) else 1
