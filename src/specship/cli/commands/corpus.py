"""Make a corpus of a folder of text: duplicates removed, split by document into training and held-out."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "make a corpus of a folder of text"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship corpus`."""
    from specship.cli.settings_flags import add_settings
    from specship.pipeline.corpus.settings import CorpusSettings

    parser.add_argument("text", type=Path, metavar="FOLDER_OF_TEXT")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings, in the section corpus")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_settings(parser, "corpus", CorpusSettings, leave_out=("source", "path"))


def run(arguments: argparse.Namespace) -> int:
    """Print what was kept and what was not; always 0."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.cli.settings_flags import SettingsSource
    from specship.pipeline.corpus.settings import CorpusSettings
    from specship.pipeline.corpus.source import UNKNOWN
    from specship.pipeline.planning.training_data import write_corpus

    source = SettingsSource(arguments, arguments.config)
    whole = {"source": "folder", "path": str(arguments.text), "licence": UNKNOWN}
    settings = source.read("corpus", CorpusSettings, **whole)
    with progress("corpus") as report:
        made = write_corpus(arguments.text, arguments.output, settings, report)
    if arguments.format == "json":
        print(made.model_dump_json(indent=2))
        return 0
    print(
        f"{arguments.output}: {made.files_listed} files, "
        + ", ".join(f"{n} {k}" for k, n in made.outcomes.items())
    )
    for name, split in (("train", made.train), ("heldout", made.heldout)):
        print(f"  {name:8} {split.documents} documents, {split.text_bytes} bytes")
    print(f"  licences {', '.join(f'{name} ({count})' for name, count in made.licences.items())}")
    return 0
