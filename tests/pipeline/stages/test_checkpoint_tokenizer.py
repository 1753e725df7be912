"""The tokenizer that a checkpoint brings: text is encoded with it, and its ids mean what they meant in training."""

import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from specship.errors import DamagedArtifact
from specship.pipeline.registry import maker_of, run_stage
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.models import inference_chain

RECEIVED: Final[dict[str, Any]] = {
    "received": {"folder": "models/theirs", "source": "a trainer"},
    "baseline": {"heldout_tokens": 131_072},
}


def make(root: Path, settings: dict[str, Any], *artifacts: str) -> None:
    """Artifacts of a project, each by the stage that these settings choose."""
    for name in artifacts:
        stage = maker_of(name, settings)
        inputs = {need: root / need for need in stage.needs}
        run_stage(stage, settings, inputs, root / name, lambda *_, **__: None)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A received checkpoint of 512 rows for fewer tokens, and a corpus that it never saw."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(inference_chain.checkpoint(), tmp_path / "models/theirs")
    (tmp_path / "models/theirs/tokenizer_config.json").write_text('{"eos_token": "<|endoftext|>"}')
    shutil.copytree(inference_chain.corpus(), tmp_path / "corpus")
    return tmp_path


def held_out_loss(root: Path) -> dict[str, Any]:
    parts = [Artifact(name, root / name, "0" * 64) for name in ("checkpoint", "shards", "baseline")]
    found = measure(all_probes()["run.held_out_loss"], {part.name: part for part in parts})
    return {name: measured.value for name, measured in found.quantities.items()}


def test_a_received_checkpoint_brings_its_own_tokenizer() -> None:
    assert maker_of("tokenizer", {"received": {}}).name == "checkpoint_tokenizer"
    assert maker_of("tokenizer", {"imported": {}}).name == "checkpoint_tokenizer"
    assert maker_of("tokenizer", {"received": {}, "tokenizer": {}}).name == "tokenizer"
    assert maker_of("tokenizer", {"training": {}}).name == "tokenizer"


def test_its_loss_is_measured_under_its_own_ids(root: Path) -> None:
    make(root, RECEIVED, "checkpoint", "tokenizer", "shards", "baseline")
    figures = held_out_loss(root)

    assert (root / "tokenizer/tokenizer.json").read_bytes() == (
        root / "models/theirs/tokenizer.json"
    ).read_bytes()
    assert 0 < figures["val_loss"] < 20
    assert figures["val_tokens"] > 1000


def test_text_that_another_tokenizer_encoded_is_refused(root: Path) -> None:
    """One with as many ids is learned from the same text, and would score without a word."""
    own = {**RECEIVED, "tokenizer": {"vocab_size": 512}}
    make(root, own, "checkpoint", "tokenizer", "shards", "baseline")

    with pytest.raises(DamagedArtifact, match="encoded with another tokenizer"):
        held_out_loss(root)


def test_a_tokenizer_that_names_no_end_of_a_document_says_so(root: Path) -> None:
    (root / "models/theirs/tokenizer_config.json").unlink()
    make(root, RECEIVED, "checkpoint", "tokenizer")

    with pytest.raises(DamagedArtifact, match="the end token None is not among") as raised:
        make(root, RECEIVED, "shards")
    assert raised.value.mend == "name a special token as eos_token in tokenizer_config.json"
