"""`corpus.split` on a small real corpus."""

from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact
from tests.editing import lines, write_lines
from tests.models.data_chain import chain, measure


def plant(root: Path, **change: Any) -> dict[str, Any]:
    """Put a changed copy of a long held-out document into training; returns the original."""
    original = max(lines(root / "corpus/heldout.jsonl"), key=lambda document: document["bytes"])
    copy = original | {"path": "planted.py"} | change
    write_lines(root / "corpus/train.jsonl", [*lines(root / "corpus/train.jsonl"), copy])
    return original


def test_a_sound_split_shares_nothing(tmp_path: Path) -> None:
    root = chain(tmp_path)
    figures = measure("corpus.split", root)
    train, heldout = (len(lines(root / f"corpus/{name}.jsonl")) for name in ("train", "heldout"))
    assert figures["pairs_compared"] == train * heldout
    assert (figures["shared_digests"], figures["shared_paths"]) == (0, 0)
    assert 0 < float(figures["highest_jaccard"] or 0) < 0.8
    assert 0 < float(figures["highest_containment"] or 0) < 0.75


def test_a_copied_held_out_document_is_caught_whatever_its_record_says(tmp_path: Path) -> None:
    root = chain(tmp_path)
    plant(root, sha256="0" * 64)
    figures = measure("corpus.split", root)
    assert figures["shared_digests"] == 1
    assert figures["highest_jaccard"] == 1.0


def test_a_near_copy_is_caught(tmp_path: Path) -> None:
    root = chain(tmp_path)
    original = plant(root)
    plant_text = original["text"].replace("return", "yield", 2)
    documents = lines(root / "corpus/train.jsonl")
    documents[-1]["text"] = plant_text
    write_lines(root / "corpus/train.jsonl", documents)
    figures = measure("corpus.split", root)
    assert figures["shared_digests"] == 0
    assert 0.9 < float(figures["highest_jaccard"] or 0) < 1.0


def test_a_held_out_document_inside_a_long_training_document_is_caught(tmp_path: Path) -> None:
    root = chain(tmp_path)
    rest = "\n".join(document["text"] for document in lines(root / "corpus/train.jsonl")[:12])
    original = plant(root)
    documents = lines(root / "corpus/train.jsonl")
    documents[-1]["text"] = original["text"] + rest
    write_lines(root / "corpus/train.jsonl", documents)
    figures = measure("corpus.split", root)
    assert float(figures["highest_jaccard"] or 0) < 0.8
    assert figures["highest_containment"] == 1.0


def test_one_name_on_both_sides_is_caught(tmp_path: Path) -> None:
    root = chain(tmp_path)
    path = lines(root / "corpus/heldout.jsonl")[0]["path"]
    plant(root, path=path, text="entirely = 'another text'\n")
    assert measure("corpus.split", root)["shared_paths"] == 1


def test_held_out_text_that_is_the_head_of_training_is_caught(tmp_path: Path) -> None:
    root = chain(tmp_path)
    write_lines(root / "corpus/heldout.jsonl", lines(root / "corpus/train.jsonl")[:5])
    assert measure("corpus.split", root)["shared_digests"] == 5


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_an_empty_side_compares_nothing(tmp_path: Path, split: str) -> None:
    """Zero pairs compared can never pass, however clean zero overlaps look."""
    root = chain(tmp_path)
    write_lines(root / f"corpus/{split}.jsonl", [])
    assert measure("corpus.split", root)["pairs_compared"] == 0


def test_an_unreadable_split_is_an_error(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "corpus/heldout.jsonl").unlink()
    with pytest.raises(DamagedArtifact, match="cannot be opened"):
        measure("corpus.split", root)
