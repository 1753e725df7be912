"""What others made is of its kind, or is named as what it is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from specship.errors import StageFailed
from specship.pipeline.received.kinds import KINDS, require_kind
from tests.models import data_chain, inference_chain


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


SPOILED: Final[dict[str, tuple[str, Callable[[Path], object]]]] = {
    "a corpus without its manifest": ("corpus", lambda folder: (folder / "manifest.json").unlink()),
    "a corpus that holds nothing out": ("corpus", lambda folder: (folder / "heldout.jsonl").write_text("")),
    "a tokenizer that is cut": ("tokenizer", lambda folder: _cut(folder / "tokenizer.json")),
    "shards of another size": ("shards", lambda folder: _cut(next(folder.glob("*.bin")))),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return data_chain.chain(tmp_path)


@pytest.mark.parametrize("kind", ["corpus", "tokenizer", "shards"])
def test_what_our_own_stages_make_is_of_its_kind(kind: str, root: Path) -> None:
    require_kind(kind, root / kind, by="what was made")


def test_a_checkpoint_is_one() -> None:
    require_kind("checkpoint", inference_chain.checkpoint(), by="what was made")


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_spoiled_is_named(name: str, root: Path) -> None:
    kind, spoil = SPOILED[name]
    spoil(root / kind)
    with pytest.raises(StageFailed, match=f"what was made is no {kind}: "):
        require_kind(kind, root / kind, by="what was made")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_folder_is_none(kind: str, tmp_path: Path) -> None:
    with pytest.raises(StageFailed, match=f"is no {kind}"):
        require_kind(kind, tmp_path, by="what was made")


def test_a_name_of_ones_own_has_no_kind(tmp_path: Path) -> None:
    require_kind("my_report", tmp_path, by="what was made")
