"""`specship bench train`: how fast a recipe trains, and how near that is to what the device can do."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

NAME: Final = "train"
"""What stands in the place of a checkpoint."""
_ELSEWHERE: Final = ("device", "threads")
"""Settings whose flags the verb has already."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What only `bench train` takes."""
    from specship.cli.settings_flags import add_settings
    from specship.pipeline.training.settings import ModelSettings, TrainingSettings

    group = parser.add_argument_group(f"for `bench {NAME}`: its timed steps are --samples")
    group.add_argument("--data", type=Path, metavar="DIR", help="what `specship tokenize` wrote; else random")
    group.add_argument("--vocabulary", type=int, default=2048, help="of random tokens (default: 2048)")
    group.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings: model, training")
    add_settings(parser, "model", ModelSettings)
    add_settings(parser, "training", TrainingSettings, leave_out=_ELSEWHERE)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; always 0.

    Raises:
        UnusableInput, UnreadableDocument, RequirementMissing: the settings, the data or the device.
    """
    from specship.cli.progress import progress
    from specship.cli.settings_flags import SettingsSource
    from specship.errors import UnusableInput
    from specship.pipeline.planning.training_data import open_tokens
    from specship.pipeline.planning.training_speed import training_speed
    from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings
    from specship.report.training_speed import speed_lines

    if arguments.samples < 1 or arguments.vocabulary < 2:
        raise UnusableInput(
            "at least one step is timed, and there are at least two tokens",
            mend="give --samples 1 or more, and --vocabulary 2 or more",
        )
    source = SettingsSource(arguments, arguments.config)
    given = {"at_end": "cycle", "warmup_steps": 1, "device": arguments.device}
    given["threads"] = arguments.threads
    recipe = Recipe(source.read("model", ModelSettings), source.read("training", TrainingSettings, **given))
    shards = open_tokens(arguments.data, None).shards if arguments.data else None
    with progress("bench train") as report:
        found = training_speed(
            recipe, shards, steps=arguments.samples, vocabulary=arguments.vocabulary, report=report
        )
    if arguments.format == "json":
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(speed_lines(found)))
    return 0
