"""One optimizer step after another: forward, backward, checks, update.

Before the optimizer moves a weight, loss and gradient norm must be finite and the loss below a bound that
follows from the vocabulary. The device looks itself: where one of them is not, this step and all behind it
leave weights and moments alone. The host learns of it a step later, so that no step waits for the device.
"""

from __future__ import annotations

import contextlib
import math
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
from specship.pipeline.parallel.cut_tensors import Join, held, parts_beside, read_parts, shapes_in
from specship.pipeline.parallel.group import ALONE, RankGroup, whole
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.training.architecture import config_fields, parameter_count, training_flops_per_token
from specship.pipeline.training.causal_model import build_model, fitting, load_checkpoint, load_weights
from specship.pipeline.training.checkpoints import read_moments, save_tensors, write_checkpoint
from specship.pipeline.training.engine.batches import BatchStream
from specship.pipeline.training.engine.execution import execution_of
from specship.pipeline.training.engine.launched_step import LaunchedStep, StepClock, on_its_way
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


Phase = Callable[[str], contextlib.AbstractContextManager[Any]]
"""Entered with `data`, `forward`, `backward`, `optimizer` or `recording` around that part of a step."""


def _unwatched(_name: str) -> contextlib.AbstractContextManager[Any]:
    """Nobody times the parts of a step."""
    return contextlib.nullcontext()


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
        group: RankGroup = ALONE,
    ) -> None:
        recipe = recipe.on(device.type)
        self.group = group
        settings = recipe.training
        refuse_unfit(recipe, device, initialised=initial is not None)
        self.settings = settings
        self.device = device
        sequences, batches = group.share(
            settings.micro_batch, settings.accumulation, apart=settings.boundaries.matter
        )
        self.batches = BatchStream(
            lambda wrapped: TokenReader(
                shards,
                "train",
                length=settings.sequence_length,
                seed=settings.seed,
                at_end=settings.at_end,
                tokenizer=None,  # the run asked for it when it opened the held-out tokens
                on_wrap=wrapped,
            ),
            batches=batches,
            sequences=sequences,
            device=device,
            on_wrap=on_wrap,
            part=group.rank,
            parts=group.world,
            boundaries=settings.boundaries,
        )
        self._counted: Mapping[str, int] = {}
        self.reader = self.batches.reader
        self.initial = initial
        self.config = self._declared(recipe.model, initial)
        if not group.alone and self.config.get("attention_dropout"):
            raise UnusableInput(
                "attention_dropout, and several processes",
                why="each would draw from a generator of its own, and a resumed run could not draw the same",
                mend="set attention_dropout to 0, or train in one process",
            )
        refuse_too_large(device, self.declared_parameters)
        seed_rngs(settings.seed)
        self.execution = execution_of(settings, device, settings.steps * self._operations_per_step)
        self.model = build_model(self.config, device)
        if initial is not None:
            load_checkpoint(self.model, open_any_checkpoint(initial))
        if self.execution.compiled:
            self.model.compile_parts()
        self.net = group.spread(self.model)
        """The model as a step calls it."""
        self.names = [name for name, _ in self.model.named_parameters()]
        self.parameters = list(self.model.parameters())
        self.optimizer = self._build_optimizer()
        self.step = 0
        """Steps given to the device; all but the last are known to be sound."""
        self.last_loss: float | None = None
        self.busy_seconds = 0.0
        """Of this process in all steps read so far: data and forward passes, before any exchange."""
        self.phase: Phase = _unwatched
        self._bound = settings.loss_bound(self.reader.vocab_size)
        largest = torch.finfo(torch.float32).max
        self._limits = torch.tensor([self._bound, largest, largest], device=device)
        self._spoilt = torch.zeros((), device=device)
        """1 from the first step on whose figures forbade an update; on the device."""

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
    def _operations_per_step(self) -> int:
        settings = self.settings
        return settings.tokens_per_step * training_flops_per_token(self.config, settings.sequence_length)

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

    def _backward(self) -> torch.Tensor:
        """Gradients of the mean loss over all accumulated batches; returns that loss."""
        with self.phase("data"):
            step = self.batches.next()
        self._counted = step.counted
        share = 1.0 / len(step.tokens_ABT)
        total = torch.zeros((), device=self.device)
        for place in range(len(step.tokens_ABT)):
            documents = None if step.documents_ABT is None else step.documents_ABT[place]
            learned = None if step.learned_ABT is None else step.learned_ABT[place]
            last = place == len(step.tokens_ABT) - 1
            with self.group.exchange(self.net, last=last):
                with self.phase("forward"), self.execution.kernels():
                    loss = self.net(
                        step.tokens_ABT[place],
                        dtype=self.execution.dtype,
                        documents_BT=documents,
                        learned_BT=learned,
                    )
                    loss = loss * share
                if last:
                    self._busy.stop()
                    self.group.beat(self.step + 1, exchanging=True)
                with self.phase("backward"), self.execution.kernels():
                    loss.backward()
            total += loss.detach()
        return total

    def _clip(self, norm: torch.Tensor) -> torch.Tensor:
        """What gradients of this norm are divided by, on the device: 1, or the norm over its limit."""
        return (norm / self.settings.clip_norm).clamp(min=1.0)

    def _forbids_update(self, figures: torch.Tensor) -> torch.Tensor:
        """1 where a loss and its norms must move no weight, else 0; on the device."""
        sound = (figures[:3] <= self._limits).all()  # nothing that is not a number is below anything
        return (~sound).to(torch.float32)

    def take_step(self) -> LaunchedStep:
        """Give the next step to the device, without waiting for it; `read` has its figures.

        Raises:
            TrainingAborted: the learning rate is not finite; nothing was done.
            EndOfData: the data ended and the policy is to halt; no weight was moved.
        """
        step, settings = self.step + 1, self.settings
        clock, self._busy = StepClock(self.device), StepClock(self.device)
        rate = learning_rate(
            step,
            peak=settings.peak,
            floor=settings.floor,
            warmup_steps=settings.warmup,
            planned_steps=settings.steps,
        )
        if not math.isfinite(rate):
            raise TrainingAborted("non-finite lr", f"lr is {rate!r}", step)
        self.optimizer.zero_grad(set_to_none=True)
        self.group.beat(step, exchanging=False)
        losses_R = self.group.each(self._backward())  # noqa: N806 - one of each rank
        with self.phase("optimizer"):
            gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
            norm = whole(torch.nn.utils.get_total_norm(gradients))
            divisor = self._clip(norm)
        with self.phase("recording"):
            figures = torch.cat([torch.stack([losses_R.mean(), norm, norm / divisor]), losses_R])
            self._spoilt = torch.maximum(self._spoilt, self._forbids_update(figures))
            host = on_its_way(figures)
        with self.phase("optimizer"):
            self._update(rate, divisor)
        clock.stop()
        self.step = step
        return LaunchedStep(
            step, rate, clock, host, str(self.parameters[0].device), self._busy, dict(self._counted)
        )

    def _update(self, rate: float, divisor: torch.Tensor) -> None:
        """Move the weights by the gradients over `divisor`, unless the figures forbade it.

        The fused kernel divides and skips by itself, when it is given both as a scaler of gradients does.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.grad_scale, self.optimizer.found_inf = divisor, self._spoilt  # type: ignore[attr-defined]
        self.optimizer.step()

    def read(self, launched: LaunchedStep) -> dict[str, Any]:
        """The record of a step for the log, once the device is through with it.

        Raises:
            TrainingAborted: a figure is not finite or the loss diverges; this step and those behind it moved
                no weight.
        """
        seconds = launched.clock.seconds()
        self.busy_seconds += launched.busy.seconds()
        figures = launched.figures.tolist()
        try:
            self._check(launched.step, figures)
        except TrainingAborted:
            self.step = launched.step - 1
            raise
        self.last_loss = figures[0]
        return {
            "step": launched.step,
            "train_loss": figures[0],
            "grad_norm": figures[1],
            "grad_norm_after_clip": figures[2],
            "lr": launched.rate,
            "tokens_per_second": self.settings.tokens_per_step / seconds,
            "tokens_seen": launched.step * self.settings.tokens_per_step,
            "device": launched.device,
            "device_memory_bytes": memory_bytes(self.device),
            **launched.extra,
        }

    def _check(self, step: int, figures: list[float]) -> None:
        if bad := [rank for rank, loss in enumerate(figures[3:]) if not math.isfinite(loss)]:
            where = "" if self.group.alone else f" on rank {', '.join(map(str, bad))}"
            if not (broken := self._broken_moment()):
                raise TrainingAborted(
                    "non-finite train_loss", f"train_loss is {figures[3 + bad[0]]!r}{where}", step
                )
            raise TrainingAborted("non-finite optimizer_state", f"{broken} is not finite{where}", step)
        for name, value in zip(("train_loss", "grad_norm", "grad_norm"), figures[:3], strict=True):
            if not math.isfinite(value):
                if broken := self._broken_moment():
                    raise TrainingAborted("non-finite optimizer_state", f"{broken} is not finite", step)
                raise TrainingAborted(f"non-finite {name}", f"{name} is {value!r}", step)
        if figures[0] > self._bound:
            raise TrainingAborted(
                "divergence", f"train_loss {figures[0]:.6g} is above the bound {self._bound:.6g}", step
            )

    def _moments(self) -> dict[str, torch.Tensor]:
        """The optimizer's tensors by parameter and name, as this process holds them."""
        return {
            f"{name}.{moment}": tensor
            for name, parameter in zip(self.names, self.parameters, strict=True)
            for moment, tensor in self.optimizer.state[parameter].items()
        }

    def _broken_moment(self) -> str:
        """Name of a moment that is not finite; empty where all are. Waits for the device."""
        own = next((name for name, one in self._moments().items() if not torch.isfinite(held(one)).all()), "")
        return next(filter(None, self.group.all_of(own)), "") if self.group.cut else own

    def evaluate(self, windows_WT: Any, *, whole_precision: bool = False) -> HeldOut:  # noqa: N803 - axes
        """Held-out loss of the weights as they are; in the precision of training, or in float32.

        Raises:
            TrainingAborted: it is not finite.
        """
        held_out = evaluate(
            self.model,
            windows_WT,
            sequences=self.settings.micro_batch,
            dtype=torch.float32 if whole_precision else self.execution.dtype,
            separator_id=self.reader.separator_id if self.settings.boundaries.apart else None,
        )
        if not math.isfinite(held_out.loss):
            raise TrainingAborted(
                "non-finite held_out_loss", f"held_out_loss is {held_out.loss!r}", self.step
            )
        return held_out

    def save(
        self, final: Path, tokenizer: Path, *, progress: Mapping[str, Any], metadata: Mapping[str, Any]
    ) -> None:
        """Write a checkpoint of everything a resume needs; see `checkpoints`.

        Of several processes each writes the parts that it holds, and the first one the checkpoint.

        Raises:
            TrainingAborted: a moment of the optimizer is not finite; nothing was written.
        """
        moments = self._moments()
        if broken := self._broken_moment():
            raise TrainingAborted("non-finite optimizer_state", f"{broken} is not finite", self.step)
        weights = dict(zip(self.names, self.parameters, strict=True))
        parts = (
            parts_beside(self.group, final, {**weights, **moments})
            if self.group.cut
            else contextlib.nullcontext(save_tensors)
        )
        with parts as save_file:
            if self.group.is_main:
                self._write_checkpoint(final, tokenizer, weights, moments, save_file, progress, metadata)

    def _write_checkpoint(
        self,
        final: Path,
        tokenizer: Path,
        weights: Mapping[str, torch.Tensor],
        moments: Mapping[str, torch.Tensor],
        save_file: Join,
        progress: Mapping[str, Any],
        metadata: Mapping[str, Any],
    ) -> None:
        state = {
            "step": self.step,
            "tokens_seen": self.tokens_seen,
            "train_loss": self.last_loss,
            "reader": self.batches.state(),
            "generators": rng_state(),
            "progress": dict(progress),
        }
        shared = {"step": self.step, "tokens_seen": self.tokens_seen, "train_loss": self.last_loss}
        write_checkpoint(
            final,
            weights=weights,
            config=self.config,
            tokenizer=tokenizer,
            moments=moments,
            state=state,
            metadata={**shared, **metadata},
            save=save_file,
        )

    def _restore_whole(self, folder: Path) -> dict[str, torch.Tensor]:
        """Weights into the model; the moments, on its device."""
        load_weights(self.model, folder / "model.safetensors")
        return {name: tensor.to(self.device) for name, tensor in read_moments(folder).items()}

    def _restore_parts(self, folder: Path) -> dict[str, torch.Tensor]:
        """The same, of which each process reads what it holds.

        Raises:
            DamagedArtifact: the files do not fit this model, or a moment is not finite.
        """
        own = fitting(self.model, shapes_in(folder / "model.safetensors"), folder)
        moments: dict[str, torch.Tensor] = {}
        for name, shape in shapes_in(folder / "optimizer.safetensors").items():
            like = own.get(name.rpartition(".")[0])
            if like is None or shape not in {(), tuple(like.shape)}:
                raise DamagedArtifact("the optimizer state is of another model", at=folder)
            moments[name] = torch.zeros_like(like) if shape else torch.zeros((), device=self.device)
        read_parts(folder, {**own, **moments})
        bad = next((name for name, one in moments.items() if not torch.isfinite(held(one)).all()), "")
        if named := next(filter(None, self.group.all_of(bad)), ""):
            raise DamagedArtifact(f"the optimizer state {named} is not finite", at=folder)
        return moments

    def restore(self, folder: Path) -> dict[str, Any]:
        """Continue from a verified checkpoint; returns the `progress` that was saved with it.

        Raises:
            DamagedArtifact: the checkpoint's contents do not fit this run.
        """
        state = read_json(folder / "training_state.json")
        moments = self._restore_parts(folder) if self.group.cut else self._restore_whole(folder)
        own = dict(zip(self.names, self.parameters, strict=True))
        expected = {f"{name}.{moment}" for name in own for moment in _MOMENTS} if state["step"] else set()
        if moments.keys() != expected:
            raise DamagedArtifact("the optimizer state is of another model", at=folder)
        self.optimizer.state.clear()
        for name, parameter in own.items() if expected else ():
            self.optimizer.state[parameter] = {moment: moments[f"{name}.{moment}"] for moment in _MOMENTS}
        self.step, self.last_loss = int(state["step"]), state["train_loss"]
        self.batches.restore(state["reader"])
        restore_rng_state(state["generators"])
        progress: dict[str, Any] = state["progress"]
        return progress
