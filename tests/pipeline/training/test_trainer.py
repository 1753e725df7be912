"""What a step asks of the host, seen on a device that can give nothing back.

Tensors of the device `meta` have no values. To read one, or to mix it with one of the host, is an error there
as it is a wait on a card; so the path of a card is walked where there is none. What crosses over is counted.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from specship.pipeline.training import trainer as trainer_module
from specship.pipeline.training.engine.batches import StepTokens
from specship.pipeline.training.trainer import Trainer
from tests.models.training_data import make_shards, recipe

WAITS = {
    "_local_scalar_dense",
    "item",
    "is_nonzero",
    "nonzero",
    "equal",
    "masked_select",
    "_unique2",
    "unique_dim",
}
"""Operations that have the host wait for the device's values."""


class HostTraffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts waits, and copies between host and device by whether the host goes on at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        self.seen["waits"] += name in WAITS
        if name in {"_to_copy", "copy_"}:
            source = args[0] if name == "_to_copy" else args[1]
            target = kwargs.get("device") if name == "_to_copy" else args[0].device
            if target is not None and torch.device(target) != source.device:
                quick = kwargs.get("non_blocking", name == "copy_" and len(args) > 2 and args[2])
                self.seen["asynchronous" if quick else "blocking"] += 1
        return func(*args, **kwargs)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture
def on_meta(shards: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """A trainer on the device without values; what leaves it for the host is only noted."""
    optimizers = sys.modules["torch.optim.optimizer"]
    monkeypatch.setattr(optimizers, "_get_fused_kernels_supported_devices", lambda: ["meta"])
    monkeypatch.setattr(trainer_module, "on_its_way", lambda figures: torch.zeros(figures.shape))
    return Trainer(recipe(accumulation=2, compile=False), shards, torch.device("meta"))


def traffic(trainer: Trainer, steps: int) -> Counter[str]:
    counted = HostTraffic()
    with counted:
        for _ in range(steps):
            trainer.take_step()
    return counted.seen


def test_no_step_waits_for_its_device(on_meta: Trainer) -> None:
    """One asynchronous copy of its tokens is all that crosses over; the first step builds the tables besides."""
    on_meta.take_step()
    seen = traffic(on_meta, 5)
    assert (seen["waits"], seen["blocking"], seen["asynchronous"]) == (0, 0, 5)


def test_a_step_that_reads_a_value_is_counted_and_cannot_be_done(
    on_meta: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check, seen to fail: a clip that looks at the norm on the host."""
    monkeypatch.setattr(Trainer, "_clip", lambda _trainer, norm: norm.new_tensor(max(1.0, norm.item())))
    with HostTraffic() as counted, pytest.raises((RuntimeError, NotImplementedError)):
        on_meta.take_step()
    assert counted.seen["waits"] == 1


def test_a_blocking_copy_is_counted(on_meta: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = on_meta.batches.next

    def blocking() -> StepTokens:
        return honest().each(lambda one: one + torch.zeros(1, dtype=torch.int64).to("meta"))

    monkeypatch.setattr(on_meta.batches, "next", blocking)
    on_meta.take_step()
    assert traffic(on_meta, 2)["blocking"] == 2


def test_no_step_waits_on_the_processor_either(shards: Path) -> None:
    """The same code on the CPU, where values are there to be read; none is."""
    trainer = Trainer(recipe(accumulation=2, compile=False), shards, torch.device("cpu"))
    trainer.take_step()
    seen = traffic(trainer, 3)
    assert (seen["waits"], seen["blocking"], seen["asynchronous"]) == (0, 0, 0)
