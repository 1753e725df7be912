"""Train a decoder on token shards, from random weights or from a checkpoint; resumed by the same command."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from specship.pipeline.planning.budget import Objection, TrainingPlan
    from specship.pipeline.planning.training_data import TrainingData
    from specship.pipeline.training.settings import Recipe
    from specship.pipeline.training.training import TrainingOutcome

HELP = "train a model on token shards"
_ENDED_WELL = {"completed", "stopped_early"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship pretrain`."""
    from specship.cli.settings_flags import add_settings
    from specship.pipeline.training.settings import ModelSettings, TrainingSettings

    parser.usage = (
        "specship pretrain --data DIR --output RUN [--init CHECKPOINT] [--dry-run [--on KIND]] [settings]"
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="what `specship tokenize` wrote"
    )
    parser.add_argument("--tokenizer", type=Path, metavar="FOLDER", help="tokenizer of shards that lie alone")
    parser.add_argument("--output", type=Path, metavar="RUN", help="folder of the run, new or to be resumed")
    parser.add_argument(
        "--init", type=Path, metavar="CHECKPOINT", help="begin from a Llama, Qwen2 or Qwen3 folder"
    )
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings: model, training, initial")
    parser.add_argument(
        "--accept-starvation", metavar="REASON", help="train with under 20 tokens a parameter; it is recorded"
    )
    parser.add_argument("--max-passes", type=_passes, metavar="N", help="refuse more passes over the corpus")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and its cost; nothing stays")
    parser.add_argument(
        "--on",
        metavar="KIND",
        help="with --dry-run: predict the cost on a kind of device, such as h200, or here",
    )
    parser.add_argument(
        "--devices", type=int, nargs="+", default=[1], metavar="N", help="with --on: on so many of them"
    )
    parser.add_argument(
        "--nproc", type=int, default=1, metavar="N", help="processes of this host that share it"
    )
    parser.add_argument(
        "--sharing", choices=("ddp", "fsdp"), default="ddp", help="what they share: gradients, or all state"
    )
    parser.add_argument(
        "--silence", type=float, default=600.0, metavar="SECONDS", help="how long the others wait for one"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_settings(parser, "model", ModelSettings)
    add_settings(parser, "training", TrainingSettings)


def _passes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("a number above 0")
    return number


def run(arguments: argparse.Namespace) -> int:
    """0 trained; 1 aborted, out of data or no better than its beginning; 143 or 130 saved and ended."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.pipeline.planning.budget import refuse, warnings
    from specship.pipeline.planning.planning import Consent, plan_of, weighed
    from specship.pipeline.planning.training_data import open_tokens

    consent = Consent(arguments.accept_starvation, arguments.max_passes)
    data = open_tokens(arguments.data, arguments.tokenizer)
    recipe, initial = _recipe(arguments)
    plan = plan_of(recipe, data, initial, _named_device(arguments))
    objections, bypasses = weighed(plan, consent)
    for text in warnings(plan):
        print(f"warning: {text}", file=sys.stderr)
    if arguments.dry_run:
        _rehearse(
            arguments, plan, objections, bypasses, lambda: _forecast(arguments, recipe, data, plan, initial)
        )
    refuse(objections)
    return 0 if arguments.dry_run else _train(arguments, recipe, data, initial, bypasses)


def _named_device(arguments: argparse.Namespace) -> torch.device | None:
    """The kind of device that a plan is for, where it need not be here.

    Raises:
        UnknownName: no table has it.
        UnusableInput: a prediction was asked for without `--dry-run`, or for no device.
    """
    import torch

    from specship.errors import UnusableInput
    from specship.pipeline.planning.device_table import HERE, known_device

    if arguments.on is None:
        return None
    if not arguments.dry_run or min(arguments.devices) < 1:
        raise UnusableInput(
            "--on without --dry-run" if not arguments.dry_run else "a prediction for no device",
            why="a prediction is no run",
            mend="add --dry-run, and 1 or more --devices",
        )
    if arguments.on == HERE:
        return None
    known_device(arguments.on)
    return torch.device("cuda")


def _recipe(arguments: argparse.Namespace) -> tuple[Recipe, Path | None]:
    """Settings from flags and file; a checkpoint brings the mode `fine-tune` with its defaults."""
    from specship.cli.settings_flags import SettingsSource
    from specship.pipeline.training.settings import (
        InitialSettings,
        ModelSettings,
        TrainingSettings,
        recipe_of,
    )

    source = SettingsSource(arguments, arguments.config)
    filed = source.read("initial", InitialSettings).checkpoint
    initial = arguments.init or (Path(filed) if filed else None)
    mode = {"mode": "fine-tune"} if initial else {}
    training = source.read("training", TrainingSettings, **mode)
    model = source.read("model", ModelSettings)
    return recipe_of(model, training, initialised=initial is not None), initial


def _forecast(
    arguments: argparse.Namespace,
    recipe: Recipe,
    data: TrainingData,
    plan: TrainingPlan,
    initial: Path | None,
) -> dict[str, Any] | None:
    from specship.pipeline.planning.planning import predictions
    from specship.pipeline.planning.run_cost import foretell

    if arguments.on is not None:
        costs = predictions(recipe, data, plan, initial, on=arguments.on, counts=arguments.devices)
        return {"predicted": [asdict(one) for one in costs]}
    found = foretell(recipe, data, plan, initial=initial, output=arguments.output)
    return asdict(found) if found else None


def _rehearse(
    arguments: argparse.Namespace,
    plan: TrainingPlan,
    objections: list[Objection],
    bypasses: list[dict[str, Any]],
    measure: Callable[[], dict[str, Any] | None],
) -> None:
    """Print the plan with what speaks against it, then its cost: what cannot be measured hides neither."""
    from specship.report.pretraining import bypass_lines, forecast_lines, objection_lines, plan_lines

    if arguments.format == "json":
        cost = None
        try:
            cost = measure()
        finally:
            shown = {
                "plan": plan.as_json(),
                "objections": [one.as_json() for one in objections],
                "bypasses": bypasses,
                "forecast": cost,
            }
            print(json.dumps(shown, indent=2, allow_nan=False))
        return
    lines = [*plan_lines(plan), *bypass_lines(bypasses), *objection_lines(objections)]
    print("\n".join(lines), flush=True)
    print("\n".join(forecast_lines(measure())))


def _train(
    arguments: argparse.Namespace,
    recipe: Recipe,
    data: TrainingData,
    initial: Path | None,
    bypasses: list[dict[str, Any]],
) -> int:
    from specship.errors import UnusableInput

    if arguments.output is None:
        raise UnusableInput("nowhere to write the run", mend="give --output RUN, or --dry-run")
    if arguments.nproc < 1 or arguments.silence <= 0:
        raise UnusableInput(
            f"{arguments.nproc} processes, and a silence of {arguments.silence:g} s",
            mend="give --nproc 1 or more, and --silence above 0",
        )
    start = _as_one if arguments.nproc == 1 else _as_parent
    outcome, is_main = start(arguments, recipe, data, initial, bypasses)
    if is_main:
        _show_outcome(arguments, outcome)
    return _status(arguments.output, outcome)


def _as_parent(
    arguments: argparse.Namespace,
    recipe: Recipe,
    data: TrainingData,
    initial: Path | None,
    bypasses: list[dict[str, Any]],
) -> tuple[TrainingOutcome, bool]:
    """Train by processes that are started here."""
    from specship.cli.progress import progress
    from specship.pipeline.training.many_processes import pretrain_in_processes
    from specship.pipeline.training.termination import TerminationWatch

    with progress("pretrain") as report:
        outcome = pretrain_in_processes(
            recipe,
            data.tokenizer,
            data.shards,
            arguments.output,
            report,
            processes=arguments.nproc,
            sharing=arguments.sharing,
            silence_seconds=arguments.silence,
            initial=initial,
            bypasses=bypasses,
            watch=TerminationWatch(signal.SIGTERM, signal.SIGINT),
        )
    return outcome, True


def _as_one(
    arguments: argparse.Namespace,
    recipe: Recipe,
    data: TrainingData,
    initial: Path | None,
    bypasses: list[dict[str, Any]],
) -> tuple[TrainingOutcome, bool]:
    """Train in this process: alone, or as the one of several that `torchrun` says it is.

    `torchrun` tells all to end once one of them failed. The last word on a run comes before that is heard.
    """
    from specship.cli.progress import progress
    from specship.errors import StageFailed
    from specship.pipeline.parallel.group import RankGroup
    from specship.pipeline.training.ranks import WORKER_GONE, speak_for_the_first
    from specship.pipeline.training.termination import TerminationWatch
    from specship.pipeline.training.training import pretrain

    group = RankGroup.join(
        recipe.training.device, sharing=arguments.sharing, timeout_seconds=arguments.silence
    )
    ending = contextlib.nullcontext() if group.alone else TerminationWatch()
    with ending, progress("pretrain") as report:
        try:
            outcome = pretrain(
                recipe,
                data.tokenizer,
                data.shards,
                arguments.output,
                report if group.is_main else None,
                initial=initial,
                bypasses=bypasses,
                watch=TerminationWatch(signal.SIGTERM, signal.SIGINT),
                group=group,
            )
        except RuntimeError as error:  # of an exchange outside the steps
            if group.alone:
                raise
            raise StageFailed(group.who_is_missing(error), at=arguments.output) from error
        if outcome.reason.startswith(WORKER_GONE):
            speak_for_the_first(arguments.output, group, outcome.reason)
        else:
            group.close()
    return outcome, group.is_main


def _show_outcome(arguments: argparse.Namespace, outcome: TrainingOutcome) -> None:
    from specship.pipeline.training.run_reading import read_run

    record = read_run(arguments.output)
    if arguments.format == "json":
        print(record.model_dump_json(indent=2))
        return
    print(f"{arguments.output}: {outcome.status} after {outcome.steps_done} steps: {outcome.reason}")
    if begun := record.initialisation:
        print(
            f"  initial checkpoint {begun.source}: own loss {_shown(begun.own_loss)}, at step 0 "
            f"{_shown(begun.step_zero_loss)}, last {_shown(begun.last_loss)} nats/token"
        )
    for one in record.bypasses:
        print(f"  bypass {one.name}: {one.reason}")
    if outcome.status == "preempted":
        print("  the same command goes on from here")


def _shown(loss: float | None) -> str:
    return "not measured" if loss is None else f"{loss:.6g}"


def _status(run_folder: Path, outcome: TrainingOutcome) -> int:
    from specship.pipeline.training.run_reading import read_run

    if outcome.status == "preempted":
        return 128 + signal.Signals[outcome.reason]
    begun = read_run(run_folder).initialisation
    worse = begun is not None and begun.improvement is not None and begun.improvement <= 0
    return 0 if outcome.status in _ENDED_WELL and not worse else 1
