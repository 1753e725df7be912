"""Runs that Lightning makes on the CPU: a bigram model of a text with a law, healthy or with a fault."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

VOCABULARY: Final = 32
STEPS: Final = 200


def train(folder: Path, fault: str = "") -> None:
    """Train with CSVLogger and TensorBoard's logger, every 5th step; `fault` is what is wrong."""
    import torch

    lightning: Any = import_module("lightning")
    tools: Any = import_module("lightning.pytorch")
    module: type = lightning.LightningModule

    class Bigrams(module):  # type: ignore[misc]  # a class that is not always there
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding(VOCABULARY, VOCABULARY)

        def cost(self, batch: Any) -> Any:
            return torch.nn.functional.cross_entropy(
                self.table(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten()
            )

        def training_step(self, batch: Any, _: int) -> Any:
            loss = self.cost(batch)
            shown = torch.tensor(2.5) if fault == "constant-losses" else loss.detach()
            self.log("train_loss", shown)
            return loss

        def validation_step(self, batch: Any, _: int) -> None:
            self.log("val_loss", self.cost(batch))

        def on_before_optimizer_step(self, _: Any) -> None:
            self.log_dict(import_module("lightning.pytorch.utilities").grad_norm(self, norm_type=2))

        def configure_optimizers(self) -> Any:
            rate = {"learning-rate-zero": 0.0, "divergence": -0.05}.get(fault, 0.05)
            optimizer = torch.optim.SGD(self.parameters(), lr=abs(rate) * 10, maximize=rate < 0)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    torch.manual_seed(1)
    law = torch.randint(0, VOCABULARY, (VOCABULARY, 2))
    text = [torch.zeros(4, dtype=torch.long)]
    for _ in range(64):
        text.append(law[text[-1], torch.randint(0, 2, (4,))])
    data = [torch.stack(text, 1)[at % 4].roll(at) for at in range(STEPS * 4)]
    trainer = lightning.Trainer(
        accelerator="cpu", max_steps=STEPS, log_every_n_steps=5, val_check_interval=50, default_root_dir=folder,
        logger=tools.loggers.CSVLogger(folder), callbacks=[tools.callbacks.LearningRateMonitor("step")], enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    rows: Any = data
    loaders = [torch.utils.data.DataLoader(some, batch_size=4) for some in (rows, rows[:16])]
    trainer.fit(Bigrams(), *loaders)
