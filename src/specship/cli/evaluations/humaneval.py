"""Score completions of HumanEval problems, the code apart from its judge."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "score HumanEval completions in a sandbox"


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
        "--problems", type=Path, help="HumanEval JSON Lines, plain or gzip; its tests are run"
    )
    parser.add_argument("--completions", type=Path, help="JSON Lines of task_id and completion")
    parser.add_argument("--out", type=Path, help="outcomes as they come; given again, it is continued")
    parser.add_argument("--workers", type=_workers, default=2)
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="every N-th sample only")
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
    return _check(arguments) if arguments.check_sandbox else _score(arguments)


def _score(arguments: argparse.Namespace) -> int:
    from specship.errors import UnusableInput
    from specship.pipeline.humaneval.limits import Limits
    from specship.pipeline.humaneval.problems import read_completions, read_problems
    from specship.pipeline.humaneval.report import as_text
    from specship.pipeline.humaneval.scoring import Settings, choose_level, score

    if arguments.problems is None or arguments.completions is None:
        raise UnusableInput("nothing to score", mend="give --problems FILE and --completions FILE")
    problems = read_problems(arguments.problems)
    completions = read_completions(arguments.completions, problems)
    level = choose_level(Limits()) if arguments.level == "auto" else arguments.level
    settings = Settings(
        level=level, workers=arguments.workers, stops=arguments.stop_rules, shard=arguments.shard
    )
    report = score(problems, completions, settings, out=arguments.out).as_json()
    print(json.dumps(report, indent=2) if arguments.format == "json" else as_text(report))
    return 1 if report["error"] else 0


def _check(arguments: argparse.Namespace) -> int:
    from specship.pipeline.humaneval.limits import Limits
    from specship.pipeline.humaneval.sandbox import LEVELS
    from specship.pipeline.humaneval.selfcheck import as_text, check_sandbox

    levels = LEVELS if arguments.level == "auto" else (arguments.level,)
    checked = [check_sandbox(level, Limits()) for level in levels]
    report = [level.as_json() for level in checked]
    print(json.dumps(report, indent=2) if arguments.format == "json" else as_text(checked))
    return 0 if any(level.sound for level in checked) else 1
