"""Turn a corpus into token shards, with a tokenizer learned from it or an existing one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from specship.pipeline.shards.manifest import ShardsManifest, Split

SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")
HELP = "turn a corpus into token shards"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship tokenize`."""
    from specship.cli.settings_flags import add_settings
    from specship.pipeline.shards.encoding import ShardsSettings
    from specship.pipeline.tokenizer.training import TokenizerSettings

    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="what `specship corpus` wrote")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--tokenizer", type=Path, metavar="FOLDER", help="use this one, such as an imported checkpoint's"
    )
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings: tokenizer, shards")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_settings(parser, "tokenizer", TokenizerSettings)
    add_settings(parser, "shards", ShardsSettings)


def run(arguments: argparse.Namespace) -> int:
    """Print what was written; always 0."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.cli.settings_flags import SettingsSource
    from specship.errors import UnusableInput
    from specship.pipeline.planning.training_data import write_tokens
    from specship.pipeline.shards.encoding import ShardsSettings
    from specship.pipeline.tokenizer.training import TokenizerSettings

    source = SettingsSource(arguments, arguments.config)
    if arguments.tokenizer is not None and source.says("tokenizer", "vocab_size"):
        raise UnusableInput(
            "--tokenizer and --vocab-size", why="an existing tokenizer has its size", mend="give one of them"
        )
    with progress("tokenize") as report:
        made = write_tokens(
            arguments.corpus,
            arguments.output,
            source.read("tokenizer", TokenizerSettings),
            source.read("shards", ShardsSettings),
            tokenizer=arguments.tokenizer,
            report=report,
        )
    if arguments.format == "json":
        print(made.manifest.model_dump_json(indent=2))
        return 0
    _show(arguments.output, made.manifest)
    return 0


def _show(output: Path, manifest: ShardsManifest) -> None:
    print(f"{output}: tokenizer of {manifest.vocab_size} tokens, separator {manifest.separator}")
    for split in SPLITS:
        shards, tokens = manifest.of(split), manifest.tokens(split)
        text = sum(shard.text_bytes for shard in shards)
        figures = f"{tokens} tokens of {text} bytes in {len(shards)} shards"
        print(f"  {split:8} {figures} ({text / tokens:.2f} bytes/token)")
