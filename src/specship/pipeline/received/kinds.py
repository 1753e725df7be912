"""What an artifact must be before anything measures it, kind by kind, whoever made it.

A probe would find a wrong one too; here it is found where it was made, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from specship.errors import DamagedArtifact, SpecshipError, StageFailed

GGUF: Final = "model.gguf"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of artifact that somebody else may make."""

    lifecycle: str
    """The part of the lifecycle that a contract's `stage:` names."""
    check: Callable[[Path], object]
    """Raises a `SpecshipError` where a folder is none."""


def _corpus(folder: Path) -> None:
    from specship.pipeline.corpus.manifest import read_documents, read_manifest

    read_manifest(folder)
    splits: tuple[Literal["train", "heldout"], ...] = ("train", "heldout")
    for split in splits:
        if not any(True for _ in read_documents(folder, split)):
            raise DamagedArtifact(f"there is no document in {split}.jsonl", at=folder / f"{split}.jsonl")


def _tokenizer(folder: Path) -> None:
    from specship.pipeline.tokenizer.files import require_tokenizer
    from specship.pipeline.tokenizer.size import tokenizer_size

    require_tokenizer(folder)
    tokenizer_size(folder / "tokenizer.json")


def _shards(folder: Path) -> None:
    from specship.pipeline.shards.manifest import read_manifest

    read_manifest(folder)


def _run(folder: Path) -> None:
    from specship.pipeline.run_logs.opening import read_facts

    read_facts(folder)


def _checkpoint(folder: Path) -> None:
    from specship.pipeline.checkpoint.folder import open_any_checkpoint

    open_any_checkpoint(folder)


def _gguf(folder: Path) -> None:
    from specship.pipeline.gguf.reader import read_gguf

    read_gguf(folder / GGUF)


def _evaluation(folder: Path) -> None:
    from specship.pipeline.evaluation.results.receiving import read_evaluation

    read_evaluation(folder)


KINDS: Final[Mapping[str, Kind]] = {
    "corpus": Kind("corpus", _corpus),
    "tokenizer": Kind("tokenizer", _tokenizer),
    "shards": Kind("tokenizer", _shards),
    "run": Kind("train", _run),
    "checkpoint": Kind("checkpoint", _checkpoint),
    "gguf": Kind("export", _gguf),
    "evaluation": Kind("eval", _evaluation),
}
"""Each kind that others may make, by its name."""


def require_kind(makes: str, folder: Path, *, by: str) -> None:
    """Hold a folder against its kind; a name of somebody's own has none.

    Raises:
        StageFailed: it is not of that kind; the text begins with who made it.
    """
    if makes not in KINDS:
        return
    try:
        KINDS[makes].check(folder)
    except SpecshipError as error:
        raise StageFailed(
            f"{by} is no {makes}: {error.message}", at=error.at,
            why=error.why or f"what is called {makes} is read as one by every probe", mend=error.mend,
        ) from error  # fmt: skip
