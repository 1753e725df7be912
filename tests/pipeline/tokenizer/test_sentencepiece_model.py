"""The reader of `tokenizer.model`: what it takes, and what it refuses with the byte."""

import random
from pathlib import Path

import pytest

from specship.errors import DamagedArtifact
from specship.pipeline.tokenizer.sentencepiece_model import read_sentencepiece
from tests.hostile.sentencepiece_files import FILES, SOUND
from tests.models.tokenizer_kinds import sentencepiece_checkpoint


def test_a_sound_model(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(SOUND)
    model = read_sentencepiece(tmp_path / "m")
    assert (model.pieces, model.types, model.scores) == (("<unk>", "▁a", "b"), (2, 1, 1), (0.0, -1.0, -1.0))
    assert (dict(model.special_ids), model.charsmap) == ({"unk": 0}, b"map")
    assert (model.add_dummy_prefix, model.remove_extra_whitespaces, model.byte_fallback) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize("name", FILES)
def test_a_bad_model_is_refused(tmp_path: Path, name: str) -> None:
    data, message = FILES[name]
    (tmp_path / "tokenizer.model").write_bytes(data)
    with pytest.raises(DamagedArtifact, match=message) as caught:
        read_sentencepiece(tmp_path / "tokenizer.model")
    assert "tokenizer.model@" in str(caught.value)


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    """No byte that is changed, and no cut, ever ends in anything but a model or a refusal."""
    whole = (sentencepiece_checkpoint("bpe") / "tokenizer.model").read_bytes()
    dice, path = random.Random(0), tmp_path / "tokenizer.model"  # noqa: S311 - no secret
    refused = 0
    for _ in range(300):
        data = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.2 else whole)
        for _ in range(dice.randrange(4)):
            if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            read_sentencepiece(path)
        except DamagedArtifact:
            refused += 1
    assert 30 < refused < 270
