"""`corpus.duplicates` on a small real corpus."""

from pathlib import Path

import pytest

from specship.errors import DamagedArtifact
from tests.editing import lines, write_lines
from tests.models.data_chain import chain, measure


def test_a_sound_corpus_repeats_nothing(tmp_path: Path) -> None:
    root = chain(tmp_path)
    figures = measure("corpus.duplicates", root)
    assert figures["documents"] == len(lines(root / "corpus/train.jsonl"))
    assert figures["exact_duplicates"] == 0
    assert float(figures["highest_jaccard"] or 0) < 0.85


def test_copies_are_counted_whatever_their_record_says(tmp_path: Path) -> None:
    root = chain(tmp_path)
    documents = lines(root / "corpus/train.jsonl")
    copies = [
        document | {"path": f"copy_{n}.py", "sha256": "0" * 64} for n, document in enumerate(documents[:7])
    ]
    write_lines(root / "corpus/train.jsonl", documents + copies)
    figures = measure("corpus.duplicates", root)
    assert figures["exact_duplicates"] == 7
    assert figures["highest_jaccard"] == 1.0


def test_a_near_copy_is_found(tmp_path: Path) -> None:
    root = chain(tmp_path)
    documents = lines(root / "corpus/train.jsonl")
    longest = max(documents, key=lambda document: document["bytes"])
    near = longest | {"path": "near.py", "text": longest["text"] + "\n# and one more line at the end\n"}
    write_lines(root / "corpus/train.jsonl", [*documents, near])
    figures = measure("corpus.duplicates", root)
    assert figures["exact_duplicates"] == 0
    assert float(figures["highest_jaccard"] or 0) > 0.9


def test_an_unreadable_corpus_is_an_error(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "corpus/train.jsonl").write_text("{")
    with pytest.raises(DamagedArtifact, match="cut here"):
        measure("corpus.duplicates", root)
