"""Finished artifacts of real stages, put into a store by hand: a few bytes take the place of what the stage makes."""

from collections.abc import Mapping
from typing import Any, Final

from specship.evidence.artifact_record import ArtifactRecord, Ingredients, artifact_digest, list_files
from specship.pipeline.registry import maker_of
from specship.suite.artifacts.ingredients import code_of, versions
from specship.suite.artifacts.store import Store

SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "corpus": {"source": "folder", "path": "texts", "licence": "Apache-2.0", "heldout_fraction": 0.2},
    "tokenizer": {"vocab_size": 512},
}
FILES: Final = {"train.jsonl": b'{"text": "a"}\n', "inner/heldout.jsonl": b'{"text": "b"}\n'}


def finished(
    store: Store,
    stage: str,
    files: Mapping[str, bytes] = FILES,
    *,
    inputs: Mapping[str, str] | None = None,
    **changes: Any,
) -> ArtifactRecord:
    """An artifact of a store, made of the store's own settings and of today's code, its manifest written last."""
    maker = maker_of(stage, store.settings)
    facts = {"code": code_of(maker), "packages": versions(maker)} | changes
    facts = {"settings": maker.counted(store.settings), "inputs": dict(inputs or {})} | facts
    ingredients = Ingredients.model_validate(facts)
    folder = store.path(stage, ingredients.key)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    listed = list_files(folder)
    digest = artifact_digest(stage, listed, ingredients.inputs)
    record = ArtifactRecord(
        makes=stage, ingredients=ingredients, files=listed, digest=digest,
        finished="2026-03-01T12:00:00+00:00", seconds=0.5,
    )  # fmt: skip
    store.finish(stage, ingredients.key, record)
    return record
