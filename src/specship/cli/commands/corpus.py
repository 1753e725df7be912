"""Make a corpus of text, wherever it lies: duplicates removed, split into training and held-out documents."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specship.cli.settings_flags import SettingsSource
    from specship.pipeline.corpus.settings import CorpusSettings, SourceSettings

HELP = "make a corpus of folders, JSON Lines, Parquet, or of what is installed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship corpus`."""
    from specship.cli.settings_flags import add_settings
    from specship.pipeline.corpus.settings import CorpusSettings

    parser.add_argument(
        "text",
        type=Path,
        nargs="*",
        metavar="TEXT",
        help="folders of text, .jsonl or .parquet files, folders of `datasets`; none: what is installed here",
    )
    parser.add_argument(
        "--source",
        nargs="+",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one more source, such as path=web.jsonl.gz licence=CC0-1.0 weight=0.5 provenance='...'",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings, in the section corpus")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_settings(parser, "corpus", CorpusSettings, leave_out=("source", "path", "sources"))


def run(arguments: argparse.Namespace) -> int:
    """Print what was kept and what was not; always 0."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.cli.settings_flags import SettingsSource
    from specship.pipeline.planning.training_data import write_corpus

    settings, places = _settings(arguments, SettingsSource(arguments, arguments.config))
    with progress("corpus") as report:
        made = write_corpus(places, arguments.output, settings, report)
    if arguments.format == "json":
        print(made.model_dump_json(indent=2))
        return 0
    print(
        f"{arguments.output}: {made.files_listed} files, "
        + ", ".join(f"{n} {k}" for k, n in made.outcomes.items())
    )
    for name, split in (("train", made.train), ("heldout", made.heldout)):
        print(f"  {name:8} {split.documents} documents, {split.text_bytes} bytes")
    for one in made.sources:
        print(f"  {one.prefix or one.label:8} {one.documents} documents, {one.text_bytes} bytes")
    print(f"  licences {', '.join(f'{name} ({count})' for name, count in made.licences.items())}")
    return 0


def _settings(
    arguments: argparse.Namespace, source: SettingsSource
) -> tuple[CorpusSettings, list[Path | None]]:
    """The settings, and where each source lies; a single folder is one without a list of sources."""
    from specship.pipeline.corpus.settings import CorpusSettings
    from specship.pipeline.corpus.source import UNKNOWN
    from specship.pipeline.corpus.source_kind import kind_of

    plain = [(path, kind_of(path)) for path in arguments.text]
    if len(plain) == 1 and plain[0][1] == "folder" and not arguments.source:
        path = plain[0][0]
        whole = {"source": "folder", "path": str(path), "licence": UNKNOWN}
        return source.read("corpus", CorpusSettings, **whole), [path]
    if source.says("corpus", "sources"):
        settings = source.read("corpus", CorpusSettings)
        return settings, [_beside(arguments.config, one) for one in settings.sources]
    shared = {
        name: getattr(arguments, f"corpus.{name}")
        for name in ("licence", "suffixes")
        if hasattr(arguments, f"corpus.{name}")
    }
    named: list[dict[str, Any]] = [{"kind": kind, "path": str(path)} for path, kind in plain]
    named += [_told(words) for words in arguments.source]
    if not named:
        named = [{"kind": "python-stdlib", "by_package": True}, {"kind": "installed-packages"}]
    sources = [_record({**shared, **one}) for one in named]
    if hasattr(arguments, "corpus.licence"):
        delattr(arguments, "corpus.licence")
    settings = source.read("corpus", CorpusSettings, sources=tuple(sources))
    return settings, [Path(one.path) if one.path else None for one in sources]


def _beside(config: Path | None, one: SourceSettings) -> Path | None:
    """Where a source of a settings file lies: relative to that file."""
    return (config.parent / one.path) if config is not None and one.path else None


def _told(words: list[str]) -> dict[str, Any]:
    """A source as `KEY=VALUE` words describe it.

    Raises:
        UnusableInput: a word is none, or no kind fits what lies there.
    """
    from specship.errors import UnusableInput
    from specship.pipeline.corpus.source_kind import kind_of

    told: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UnusableInput(f"--source {word!r} is no KEY=VALUE", mend="such as --source path=a.jsonl")
        told[key.replace("-", "_")] = value
    if "kind" not in told and "path" in told:
        told["kind"] = kind_of(Path(told["path"]))
    return told


def _record(told: dict[str, Any]) -> SourceSettings:
    """The record of a source.

    Raises:
        UnusableInput: a key or a value that it does not take.
    """
    from pydantic import ValidationError

    from specship.errors import UnusableInput
    from specship.pipeline.corpus.settings import SourceSettings

    values = dict(told)
    if isinstance(values.get("suffixes"), str):
        values["suffixes"] = tuple(values["suffixes"].split(","))
    try:
        return SourceSettings.model_validate(values, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UnusableInput(
            f"--source {name}: {first['msg']}",
            mend=f"its keys are {', '.join(SourceSettings.model_fields)}",
        ) from error
