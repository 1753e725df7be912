"""`corpus.licence` on a small real corpus."""

from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact
from tests.editing import lines, write_lines
from tests.models.data_chain import chain, measure


def change_first(root: Path, **change: Any) -> None:
    documents = lines(root / "corpus/train.jsonl")
    write_lines(root / "corpus/train.jsonl", [documents[0] | change, *documents[1:]])


def test_a_sound_corpus_is_licensed_throughout(tmp_path: Path) -> None:
    figures = measure("corpus.licence", chain(tmp_path))
    assert figures["licences"] == "PSF-2.0"
    assert float(figures["licence_text"] or 0) > 0
    assert [figures[name] for name in ("unlicensed", "misstated", "altered_texts")] == [0, 0, 0]


@pytest.mark.parametrize("licence", ["unknown", "", "NOASSERTION"])
def test_a_document_without_a_licence_is_counted(tmp_path: Path, licence: str) -> None:
    root = chain(tmp_path)
    change_first(root, licence=licence)
    assert measure("corpus.licence", root)["unlicensed"] == 1


def test_a_document_that_states_another_licence_is_counted_and_named(tmp_path: Path) -> None:
    root = chain(tmp_path)
    change_first(root, text="# SPDX-License-Identifier: GPL-3.0-only\nx = 1\n")
    assert measure("corpus.licence", root)["misstated"] == 1
    change_first(root, licence="GPL-3.0-only")
    figures = measure("corpus.licence", root)
    assert (figures["misstated"], figures["licences"]) == (0, "GPL-3.0-only,PSF-2.0")


def test_a_lost_licence_text_is_noticed(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "corpus/LICENCE.txt").unlink()
    figures = measure("corpus.licence", root)
    assert (figures["licence_text"], figures["altered_texts"]) == (0, 1)


def test_a_changed_licence_text_is_noticed(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "corpus/LICENCE.txt").write_text("All rights reserved.\n")
    assert measure("corpus.licence", root)["altered_texts"] == 1


def test_an_unreadable_corpus_is_an_error(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "corpus/manifest.json").write_text("[]")
    with pytest.raises(DamagedArtifact, match="malformed"):
        measure("corpus.licence", root)
