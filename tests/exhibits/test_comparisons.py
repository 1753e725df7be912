"""Comparisons from files: figures, positions, blocks; what is none is refused with its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact
from specship.exhibits.comparisons import read_comparison


def document(**changes: Any) -> dict[str, Any]:
    return {
        "a": "one", "b": "other", "first_diverging_block": "block 1", "tokens_compared": 4, "top1_agreement": 0.5,
        "mean_kl": None, "max_kl": 0.25,
        "stages": [
            {"stage": "block 1", "relative_difference": 0.5, "allowed": 1e-6, "departs": True, "more": 1},
            {"stage": "block 2", "relative_difference": None, "allowed": None, "departs": False},
        ],
        "positions": [
            {"position": 0, "kl": 0.1}, {"position": 1, "kl": 0.2}, {"position": 0, "kl": 0.25},
            {"position": 2, "kl": None},
        ],
        "tensors": [],
    } | changes  # fmt: skip


def written(folder: Path, value: Any) -> Path:
    path = folder / "compared.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_it_is_read_whole(tmp_path: Path) -> None:
    found = read_comparison(written(tmp_path, document()))

    assert (found.a, found.b, found.first_diverging) == ("one", "other", "block 1")
    assert found.positions == ((0.0, 0.25), (1.0, 0.2))
    assert [(one.block, one.difference, one.diverges) for one in found.blocks] == [
        ("block 1", 0.5, True), ("block 2", None, False),
    ]  # fmt: skip
    assert found.figures["mean KL, nats/token"] is None
    assert found.figures["largest KL, nats/token"] == 0.25
    assert (
        read_comparison(written(tmp_path, document(first_diverging_block=None))).verdict == "nothing diverges"
    )


@pytest.mark.parametrize("value", ["{", "[]", "{}", document(positions=[{"kl": 1}]), document(a=3)])
def test_what_is_none_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(DamagedArtifact) as error:
        read_comparison(written(tmp_path, value))

    assert "compared.json" in str(error.value)
