"""Data made by hand: text to a corpus, a corpus to tokens; the functions behind are the stages' own.

specship corpus TEXT --output CORPUS          the files of stage `corpus`
specship tokenize CORPUS --output DATA        DATA/tokenizer and DATA/shards
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from specship.digests import sha256_file
from specship.errors import UnusableInput
from specship.files import resumed_folder
from specship.pipeline.corpus import manifest
from specship.pipeline.corpus.making import make_corpus
from specship.pipeline.corpus.manifest import CorpusManifest
from specship.pipeline.corpus.settings import CorpusSettings, SourceSettings
from specship.pipeline.corpus.source_kind import OpenedSource, kind_named
from specship.pipeline.progress import Progress
from specship.pipeline.shards.encoding import ShardsSettings, encode_shards
from specship.pipeline.shards.manifest import MANIFEST, ShardsManifest, read_manifest
from specship.pipeline.stage import Work
from specship.pipeline.tokenizer.copying import copy_tokenizer
from specship.pipeline.tokenizer.training import TokenizerSettings, is_trained, train_tokenizer


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Token shards, and the tokenizer that made them."""

    tokenizer: Path
    shards: Path
    manifest: ShardsManifest


def write_corpus(
    places: Sequence[Path | None], output: Path, settings: CorpusSettings, report: Progress
) -> CorpusManifest:
    """Make a corpus of the sources of the settings; `places` are where they lie, the same number of them.

    What was read stays beside the output until the corpus is whole: after a kill the same command goes on.

    Raises:
        UnusableInput: a source is not there, nothing in it, or something under the output's name.
        CannotWrite: the disk is full or refuses.
    """
    opened = [
        _opened(one, place, several=len(places) > 1)
        for one, place in zip(settings.all_sources(), places, strict=True)
    ]
    with resumed_folder(output) as partial:
        make_corpus(opened, settings, Work({"corpus": settings}, {}, partial, report))
    return manifest.read_manifest(output)


def _opened(settings: SourceSettings, place: Path | None, *, several: bool) -> OpenedSource:
    """A source that lies anywhere on this machine; the corpus knows it by its label alone."""
    kind = kind_named(settings.kind)
    prefix = f"{settings.name}/" if several else ""
    if place is None:
        return OpenedSource(kind.open(settings, Path()), kind, settings, prefix)
    where = place.resolve()
    source = kind.open(settings.model_copy(update={"path": where.name}), where.parent)
    return OpenedSource(source, kind, settings, prefix)


def write_tokens(
    corpus: Path,
    output: Path,
    learned: TokenizerSettings,
    cut: ShardsSettings,
    *,
    tokenizer: Path | None,
    report: Progress,
) -> TrainingData:
    """Encode a corpus with a tokenizer learned from it, or with an existing one.

    What was written stays beside the output until it is whole: after a kill the same command goes on.

    Raises:
        UnusableInput: the corpus is none or too small, or something is under the output's name.
        DamagedArtifact: the corpus or the tokenizer cannot be used.
        CannotWrite: the disk is full or refuses.
    """
    if not (corpus / manifest.MANIFEST).is_file():
        raise UnusableInput("not a corpus", at=corpus, mend="make one: specship corpus TEXT --output CORPUS")
    with resumed_folder(output) as partial:
        inputs = {"corpus": corpus, "tokenizer": partial / "tokenizer"}
        for name in ("tokenizer", "shards"):
            (partial / name).mkdir(exist_ok=True)
        if tokenizer is None:
            work = Work({"tokenizer": learned}, inputs, inputs["tokenizer"], report)
            if not is_trained(work):
                train_tokenizer(work)
        else:
            copy_tokenizer(tokenizer, inputs["tokenizer"])
        encode_shards(Work({"shards": cut}, inputs, partial / "shards", report))
    return open_tokens(output, None)


def open_tokens(data: Path, tokenizer: Path | None) -> TrainingData:
    """What `write_tokens` wrote, or a folder of shards and its tokenizer beside it.

    Raises:
        UnusableInput: one of them is not there, or they do not belong together.
        DamagedArtifact: the shards disagree with their manifest.
    """
    bare = (data / MANIFEST).is_file()
    shards = data if bare else data / "shards"
    folder = tokenizer or (data.parent / "tokenizer" if bare else data / "tokenizer")
    if not (shards / MANIFEST).is_file():
        raise UnusableInput(
            "no token shards here", at=data, mend="make them: specship tokenize CORPUS --output DATA"
        )
    if not (folder / "tokenizer.json").is_file():
        raise UnusableInput(
            "no tokenizer.json",
            at=folder,
            why="a checkpoint without its tokenizer cannot be used",
            mend="name the folder of the tokenizer that made the shards: --tokenizer FOLDER",
        )
    manifest = read_manifest(shards)
    if manifest.tokenizer_sha256 != sha256_file(folder / "tokenizer.json"):
        raise UnusableInput(
            "the shards were made by another tokenizer",
            at=folder / "tokenizer.json",
            why="its ids mean other texts",
            mend="name the tokenizer that made them: --tokenizer FOLDER",
        )
    return TrainingData(folder, shards, manifest)
