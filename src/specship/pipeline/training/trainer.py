"""One optimizer step after another: forward, backward, checks, update.

Everything that could be wrong is looked at before the optimizer moves a weight: loss, gradient
norm, learning rate and optimizer state must be finite, and the loss below a bound that follows
from the vocabulary. The check costs one wait for the device a step, as any logged loss does.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from specship.errors import DamagedArtifact, StageFailed, UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.weight_files import CONFIG
from specship.pipeline.device import memory_bytes, refuse_too_large
from specship.pipeline.model.decoder_shape import elements
from specship.pipeline.model.reading import read_model
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.training.architecture import config_fields, parameter_count
from specship.pipeline.training.causal_model import build_model, load_checkpoint, load_weights, mean_loss
from specship.pipeline.training.checkpoints import read_moments, write_checkpoint
from specship.pipeline.training.evaluation import HeldOut, evaluate
from specship.pipeline.training.initialisation import continued_config
from specship.pipeline.training.rng_state import restore_rng_state, rng_state, seed_rngs
from specship.pipeline.training.schedule import learning_rate
from specship.pipeline.training.settings import ModelSettings, Recipe
from specship.strict_json import read_json

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class TrainingAborted(StageFailed):
    """A step must not be taken: a figure is not finite, or the run diverges."""

    def __init__(self, reason: str, message: str, step: int) -> None:
        super().__init__(
            f"step {step}: {message}",
            why="an update from such a figure would spoil the weights; the last checkpoint is good",
            mend="lower the learning rate, or look at the data and the checkpoint of that step",
        )
        self.reason = reason
        self.step = step


def refuse_unfit(recipe: Recipe, device: torch.device, *, initialised: bool) -> None:
    """Refuse settings that contradict each other or the device, before anything is built or written.

    Raises:
        UnusableInput: they do.
    """
    recipe.fits_beginning(initialised=initialised)
    training, model = recipe.training, recipe.model
    if training.precision == "bfloat16-autocast" and device.type != "cuda":
        raise UnusableInput(
            "bfloat16 autocast is for CUDA; this run is on the CPU",
            why="a CPU without bfloat16 units takes twice as long with it, and nothing would say so",
            mend="set training.precision to 'float32'",
        )
    if model is not None and training.sequence_length > model.max_positions:
        raise UnusableInput(
            f"sequence_length {training.sequence_length} exceeds max_positions {model.max_positions}",
            mend="raise model.max_positions or shorten training.sequence_length",
        )


class Trainer:
    """Model, optimizer, data and counters of one run."""

    def __init__(
        self,
        recipe: Recipe,
        shards: Path,
        device: torch.device,
        *,
        initial: Path | None = None,
        on_wrap: Callable[[int, int], None] | None = None,
    ) -> None:
        settings = recipe.training
        refuse_unfit(recipe, device, initialised=initial is not None)
        self.settings = settings
        self.device = device
        self.reader = TokenReader(
            shards,
            "train",
            length=settings.sequence_length,
            seed=settings.seed,
            at_end=settings.at_end,
            tokenizer=None,  # the run asked for it when it opened the held-out tokens
            on_wrap=on_wrap,
        )
        self.initial = initial
        self.config = self._declared(recipe.model, initial)
        refuse_too_large(device, self.declared_parameters)
        seed_rngs(settings.seed)
        self.model = build_model(self.config, device)
        if initial is not None:
            load_checkpoint(self.model, open_any_checkpoint(initial))
        self.names = [name for name, _ in self.model.named_parameters()]
        self.parameters = list(self.model.parameters())
        self.optimizer = self._build_optimizer()
        self.step = 0
        self.last_loss: float | None = None
        self._bound = settings.loss_bound(self.reader.vocab_size)

    def _declared(self, model: ModelSettings | None, initial: Path | None) -> dict[str, Any]:
        """`config.json` of the model: the initial checkpoint's, or the one that the settings describe."""
        if initial is not None:
            return continued_config(initial)
        assert model is not None  # noqa: S101 - a recipe has one or the other
        return config_fields(model, vocabulary=self.reader.vocab_size, separator_id=self.reader.separator_id)

    @property
    def declared_parameters(self) -> int:
        """Parameters as the configuration declares them, a tied embedding counted once."""
        if self.initial is not None:
            return elements(read_model(self.initial / CONFIG).tensors())
        return parameter_count(self.config)

    @property
    def tokens_seen(self) -> int:
        """Targets learned from so far."""
        return self.step * self.settings.tokens_per_step

    def _build_optimizer(self) -> torch.optim.AdamW:
        """AdamW with decay on matrices only (Loshchilov and Hutter 2017, arXiv:1711.05101)."""
        matrices = [parameter for parameter in self.parameters if parameter.ndim >= 2]
        vectors = [parameter for parameter in self.parameters if parameter.ndim < 2]
        return torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": self.settings.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=self.settings.peak,
            betas=(self.settings.beta1, self.settings.beta2),
            eps=self.settings.adam_eps,
            fused=True,
        )

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """bfloat16 for the products on CUDA when asked for; nothing elsewhere."""
        if self.settings.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast("cuda", dtype=torch.bfloat16)

    def _backward(self) -> torch.Tensor:
        """Gradients of the mean loss over all accumulated batches; returns that loss."""
        share = 1.0 / self.settings.accumulation
        total = torch.zeros((), device=self.device)
        for _ in range(self.settings.accumulation):
            batch = self.reader.next_batch(self.settings.micro_batch)
            tokens_BT = torch.from_numpy(batch).to(self.device, non_blocking=True)  # noqa: N806
            with self.autocast():
                loss = mean_loss(self.model, tokens_BT) * share
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _largest_moment(self) -> torch.Tensor:
        """Largest magnitude in the optimizer's state; NaN when one entry is."""
        states = [self.optimizer.state[parameter] for parameter in self.parameters]
        moments = [state[name] for state in states for name in _MOMENTS[1:] if state]
        if not moments:
            return torch.zeros((), device=self.device)
        return torch.stack(torch._foreach_norm(moments, math.inf)).max()  # noqa: SLF001 - no public name

    def take_step(self) -> dict[str, Any]:
        """Train on the next batches; returns the step's record for the log.

        Raises:
            TrainingAborted: a figure is not finite or the loss diverges; no weight was moved.
            EndOfData: the data ended and the policy is to halt; no weight was moved.
        """
        began = time.perf_counter()
        step = self.step + 1
        settings = self.settings
        rate = learning_rate(
            step,
            peak=settings.peak,
            floor=settings.floor,
            warmup_steps=settings.warmup,
            planned_steps=settings.steps,
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, settings.clip_norm)
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        clipped = torch.nn.utils.get_total_norm(gradients)
        figures = torch.stack([loss, norm, clipped, self._largest_moment()]).tolist()
        self._check(step, rate, figures)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step = step
        self.last_loss = figures[0]
        return {
            "step": step,
            "train_loss": figures[0],
            "grad_norm": figures[1],
            "grad_norm_after_clip": figures[2],
            "lr": rate,
            "tokens_per_second": settings.tokens_per_step / (time.perf_counter() - began),
            "tokens_seen": self.tokens_seen,
            "device": str(self.parameters[0].device),
            "device_memory_bytes": memory_bytes(self.device),
        }

    def _check(self, step: int, rate: float, figures: list[float]) -> None:
        named = dict(zip(("train_loss", "grad_norm", "grad_norm", "optimizer_state"), figures, strict=True))
        for name, value in {**named, "lr": rate}.items():
            if not math.isfinite(value):
                raise TrainingAborted(f"non-finite {name}", f"{name} is {value!r}", step)
        if figures[0] > self._bound:
            raise TrainingAborted(
                "divergence", f"train_loss {figures[0]:.6g} is above the bound {self._bound:.6g}", step
            )

    def evaluate(self, windows_WT: Any, *, whole_precision: bool = False) -> HeldOut:  # noqa: N803 - axes
        """Held-out loss of the weights as they are; in the precision of training, or in float32.

        Raises:
            TrainingAborted: it is not finite.
        """
        held_out = evaluate(
            self.model,
            windows_WT,
            sequences=self.settings.micro_batch,
            autocast=contextlib.nullcontext if whole_precision else self.autocast,
        )
        if not math.isfinite(held_out.loss):
            raise TrainingAborted(
                "non-finite held_out_loss", f"held_out_loss is {held_out.loss!r}", self.step
            )
        return held_out

    def save(
        self, final: Path, tokenizer: Path, *, progress: Mapping[str, Any], metadata: Mapping[str, Any]
    ) -> None:
        """Write a checkpoint of everything a resume needs; see `checkpoints`."""
        moments = {
            f"{name}.{moment}": tensor
            for name, parameter in zip(self.names, self.parameters, strict=True)
            for moment, tensor in self.optimizer.state[parameter].items()
        }
        state = {
            "step": self.step,
            "tokens_seen": self.tokens_seen,
            "train_loss": self.last_loss,
            "reader": self.reader.state(),
            "generators": rng_state(),
            "progress": dict(progress),
        }
        shared = {"step": self.step, "tokens_seen": self.tokens_seen, "train_loss": self.last_loss}
        write_checkpoint(
            final,
            model=self.model,
            config=self.config,
            tokenizer=tokenizer,
            moments=moments,
            state=state,
            metadata={**shared, **metadata},
        )

    def restore(self, folder: Path) -> dict[str, Any]:
        """Continue from a verified checkpoint; returns the `progress` that was saved with it.

        Raises:
            DamagedArtifact: the checkpoint's contents do not fit this run.
        """
        load_weights(self.model, folder / "model.safetensors")
        state = read_json(folder / "training_state.json")
        moments = read_moments(folder)
        own = dict(zip(self.names, self.parameters, strict=True))
        expected = {f"{name}.{moment}" for name in own for moment in _MOMENTS} if state["step"] else set()
        if moments.keys() != expected:
            raise DamagedArtifact("the optimizer state is of another model", at=folder)
        self.optimizer.state.clear()
        for name, parameter in own.items() if expected else ():
            self.optimizer.state[parameter] = {
                moment: moments[f"{name}.{moment}"].to(self.device) for moment in _MOMENTS
            }
        self.step, self.last_loss = int(state["step"]), state["train_loss"]
        self.reader.restore(state["reader"])
        restore_rng_state(state["generators"])
        progress: dict[str, Any] = state["progress"]
        return progress
