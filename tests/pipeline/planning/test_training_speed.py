"""The speed of a training: its figures agree with each other, whatever the machine does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from specship.cli import main
from specship.pipeline.planning.training_speed import own_products, product_rate
from specship.pipeline.training.architecture import config_fields, training_flops_per_token
from specship.pipeline.training.settings import ModelSettings
from tests.models.training_data import MODEL

SMALL = [f"--{name.replace('_', '-')}={value}" for name, value in MODEL.items()]
STEPS = ["--sequence-length=16", "--micro-batch=2", "--accumulation=2", "--threads=1", "--samples=3"]


def test_own_products_are_what_a_token_is_trained_for() -> None:
    """Three times two operations for each number of a weight, and attention's own work besides."""
    config = config_fields(ModelSettings(**MODEL), vocabulary=257, separator_id=0)
    products = sum(2 * m * k * n for m, k, n in own_products(config, 1))
    attention = 6 * MODEL["layers"] * 16 * MODEL["hidden_size"]
    assert 3 * products + attention == training_flops_per_token(config, 16)


def test_rate_of_products_is_that_of_all_of_them_together() -> None:
    assert product_rate([(8, 8, 8), (4, 8, 8), (8, 8, 8)], torch.float32, torch.device("cpu")) > 0


def test_figures_of_a_bench_agree(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["bench", "train", "--format=json", "--vocabulary=300", *SMALL, *STEPS])
    found = json.loads(capsys.readouterr().out)
    assert status == 0
    assert found["tokens_per_step"] == 64
    assert found["tokens_per_second"] == pytest.approx(64 / found["step_seconds"])
    assert found["utilisation"] == pytest.approx(
        found["tokens_per_second"] * found["flops_per_token"] / found["peak_flops_per_second"]
    )
    assert found["flops_per_token_full"] - found["flops_per_token"] == 6 * MODEL["layers"] * 16 * 32
    assert sum(found["split"].values()) == pytest.approx(1.0)
    assert set(found["split"]) == {"data", "forward", "backward", "optimizer", "recording", "the rest"}
    assert (found["execution"]["compiled"], found["device"], found["threads"]) == (False, "cpu", 1)


def test_bench_for_people_says_how_it_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "train", "--vocabulary=300", *SMALL, *STEPS]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines()] == [
        "speed",
        "step",
        "peak",
        "own",
        "utilisation",
        "split",
        "memory",
        "on",
    ]
    assert "not compiled" in shown


def test_unusable_settings_of_a_bench_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bench", "train", "--samples=0"]) == 2
    assert main(["bench", "train", "--data", str(tmp_path / "nowhere")]) == 2
    assert main(["bench", "train", "--compile=perhaps"]) == 2
    assert "--compile" in capsys.readouterr().err
