"""Pretraining: the loop around the steps, with evaluations, checkpoints, stops and resumes.

`pretrain` may be called again on the folder of a run that was killed at any moment: it goes on
from the newest checkpoint that verifies and leaves the log that an uninterrupted run leaves.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_file
from specship.errors import CannotWrite, DamagedArtifact
from specship.json_log import JsonLog
from specship.pipeline.device import device_name, matmul_flops_per_second, prepare, resolve_device
from specship.pipeline.parallel.group import ALONE, RankGroup
from specship.pipeline.placement.kernels import observe
from specship.pipeline.placement.watch import DeviceWatch
from specship.pipeline.placement.work_device import WorkDevice
from specship.pipeline.progress import Progress
from specship.pipeline.shards.manifest import MANIFEST, read_manifest
from specship.pipeline.shards.token_reader import EndOfData, TokenReader
from specship.pipeline.training.architecture import training_flops_per_token
from specship.pipeline.training.checkpoints import prune
from specship.pipeline.training.early_stopping import EarlyStopping
from specship.pipeline.training.engine.device_failure import device_failure, first_line, refuse_without_room
from specship.pipeline.training.engine.launched_step import LaunchedStep
from specship.pipeline.training.evaluation import HeldOut
from specship.pipeline.training.initialisation import Beginning, examine
from specship.pipeline.training.ranks import (
    WORKER_GONE,
    own_folder,
    refuse_unlike_weights,
    this_rank,
    told_of,
)
from specship.pipeline.training.run_folder import FINISHED, RunFolder, earlier_record, put_in_order
from specship.pipeline.training.run_reading import RUN_FORMAT, checkpoint_path
from specship.pipeline.training.settings import Recipe
from specship.pipeline.training.termination import TerminationWatch
from specship.pipeline.training.trainer import Trainer, TrainingAborted, refuse_unfit
from specship.pipeline.training.warm_start_check import WarmStartCheck, carried_over

_PACKAGES: Final = ("torch", "transformers", "tokenizers", "safetensors", "numpy")


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """How a run ended: `completed`, `stopped_early`, `data_exhausted`, `aborted` or `preempted`."""

    status: str
    reason: str
    steps_done: int


def _silent(_done: float, _total: float, _unit: str, **_figures: float | str) -> None:
    """Report to nobody."""


def _first_record(
    recipe: Recipe, tokenizer: Path, shards: Path, beginning: Beginning | None
) -> dict[str, Any]:
    training = recipe.training
    return {
        "format": RUN_FORMAT,
        "status": "running",
        "reason": "",
        "config": recipe.as_json(),
        "shards_sha256": sha256_file(shards / MANIFEST),
        "tokenizer_sha256": sha256_file(tokenizer / "tokenizer.json"),
        "initial_sha256": beginning.sha256 if beginning else None,
        "initialisation": beginning.as_json() if beginning else None,
        "bypasses": [],
        "device_asked": training.device,
        "seed": training.seed,
        "planned_steps": training.steps,
        "steps_done": 0,
        "tokens_per_step": training.tokens_per_step,
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def _describe(trainer: Trainer, threads: int) -> dict[str, Any]:
    """What is known of a run once its model is on its device."""
    device = trainer.parameters[0].device
    return {
        "device_got": str(device),
        "device_name": device_name(device),
        "cpu_threads": threads,
        "parameters": sum(parameter.numel() for parameter in trainer.parameters),
        "declared_parameters": trainer.declared_parameters,
        "vocabulary": trainer.reader.vocab_size,
        "unique_train_tokens": trainer.reader.tokens,
        "windows_per_pass": trainer.reader.windows,
        "flops_per_token": training_flops_per_token(trainer.config, trainer.settings.sequence_length),
        "matmul_flops_per_second": matmul_flops_per_second(device),
        "execution": trainer.execution.as_json(),
    }


class _TrainingRun:
    """One process's share of a run."""

    def __init__(
        self,
        recipe: Recipe,
        folder: RunFolder,
        tokenizer: Path,
        shards: Path,
        *,
        initial: Path | None,
        report: Progress,
        group: RankGroup,
    ) -> None:
        training = recipe.training
        device = group.device(training.device)
        threads = prepare(
            device,
            training.threads or group.threads,
            deterministic=training.deterministic,
            tf32=training.tf32,
        )
        self.group = group
        self.place = WorkDevice(device)
        self.folder = folder
        self.tokenizer = tokenizer
        self.settings = training
        held_out = TokenReader(
            shards, "heldout", length=training.sequence_length, seed=0, at_end="halt", tokenizer=tokenizer
        )
        self.windows_WT = held_out.heldout_windows(training.sequence_length, training.evaluation_tokens)
        self.watched = WarmStartCheck(folder.record["initialisation"]) if initial else None
        if self.watched and initial:
            self.watched.weigh(initial, self.windows_WT, device, report)
        self.trainer = Trainer(recipe, shards, device, initial=initial, on_wrap=self._wrapped, group=group)
        self.stopping = EarlyStopping(training.patience, training.min_improvement)
        self.held_out_growth_bound = training.abort_on_held_out_growth
        self._seconds_before = 0.0
        self._began = time.monotonic()
        self._report = report
        self._under_way: LaunchedStep | None = None
        self._observed = 0
        """Step behind which one is observed."""
        self.placement = self.place.placement()
        self._devices: DeviceWatch | None = None
        self._rank = this_rank(group, self.placement)
        folder.update(
            **_describe(self.trainer, threads),
            placement=self.placement.model_dump(),
            parallel=told_of(group, self._rank, self.trainer.busy_seconds),
        )

    @property
    def wall_seconds(self) -> float:
        """Time spent on the steps up to here, this process and those before it."""
        return self._seconds_before + time.monotonic() - self._began

    def _wrapped(self, epoch: int, tokens_seen: int) -> None:
        self.folder.event("wrap", self.trainer.step + 1, epoch=epoch, tokens_seen=tokens_seen)

    def resume(self, checkpoint: Path) -> None:
        """Go on from a checkpoint that verified."""
        progress = self.trainer.restore(checkpoint)
        self.stopping = EarlyStopping(**progress["stopping"])
        self._seconds_before = float(progress["wall_seconds"])
        # A kill between a checkpoint's name and the end of what it replaces leaves one too many.
        prune(self.folder.path, best_step=self.stopping.best_step)

    def save(self, **metadata: float | None) -> None:
        """Write the checkpoint of this step, once the logs it relies on are on the disk."""
        self.folder.sync()
        refuse_unlike_weights(self.group, self.trainer.parameters, self.trainer.step)
        wall = self.wall_seconds
        self.trainer.save(
            checkpoint_path(self.folder.path, self.trainer.step),
            self.tokenizer,
            progress={"stopping": self.stopping.as_json(), "wall_seconds": wall},
            metadata={"wall_seconds": wall, **metadata},
        )
        prune(self.folder.path, best_step=self.stopping.best_step)
        self.folder.update(
            steps_done=self.trainer.step,
            wall_seconds=wall,
            best_step=self.stopping.best_step,
            parallel=told_of(self.group, self._rank, self.trainer.busy_seconds),
        )

    def _take_step(self) -> None:
        """Launch a step, and log the one before it."""
        before = self._under_way
        try:
            seen = self.trainer.step == self._observed
            self._under_way = self._observed_step() if seen else self.trainer.take_step()
        except (TrainingAborted, EndOfData):  # of the step that is not taken; the one before it counts
            self.catch_up()
            raise
        self._write(before)

    def abandon(self) -> None:
        """Give up the step under way, whose figures will not come."""
        if self._under_way is not None:
            self.trainer.step = self._under_way.step - 1
            self._under_way = None

    def broken(self, error: Exception) -> TrainingOutcome:
        """The end of a run by an error of the device, of memory, or of an exchange with other processes.

        Raises:
            Exception: the error itself, where it is none of these.
        """
        reason, detail = device_failure(error, self.trainer.device), first_line(error)
        event = "aborted" if reason else "worker_gone"
        if reason is None:
            if self.group.alone:
                raise error
            reason, detail = WORKER_GONE, self.group.who_is_missing(error)
        self.abandon()
        who = {"rank": self.group.absent[0]} if self.group.absent else {}
        self.folder.event(event, self.trainer.step + 1, reason=reason, detail=detail, **who)
        return TrainingOutcome("aborted", f"{reason}: {detail}", self.trainer.step)

    def _write(self, launched: LaunchedStep | None) -> None:
        """Log a step that is through; its figures were on their way while the next one was launched."""
        if launched is None:
            return
        record = self.trainer.read(launched)
        self.folder.steps.append(record)
        if self._devices is not None:
            self._devices.note(launched.step)
        self._report(
            launched.step,
            self.settings.steps,
            "steps",
            loss=record["train_loss"],
            tokens_per_second=record["tokens_per_second"],
        )

    def catch_up(self) -> None:
        """Log the step that is still under way."""
        launched, self._under_way = self._under_way, None
        self._write(launched)

    def evaluate(self) -> None:
        """Score the held-out windows, log it, judge divergence, and save."""
        self.catch_up()
        step = self.trainer.step
        own = self.trainer.evaluate(self.windows_WT)
        found = self.group.from_main(lambda: own)
        self.folder.evaluations.append(
            {
                "step": step,
                "val_loss": found.loss,
                "standard_error": found.standard_error,
                "val_tokens": found.tokens,
                "sequences": found.sequences,
            }
        )
        if self.watched and step == 0:
            self.watched.compare(self._in_float32(found))
        before = self.stopping.last_loss
        if before is not None and found.loss > before * self.held_out_growth_bound:
            raise TrainingAborted(
                "divergence", f"held-out loss went from {before:.6g} to {found.loss:.6g}", step
            )
        self.stopping.observe(step, found.loss, found.standard_error)
        if self.stopping.noisy and self.stopping.without_improvement >= self.stopping.patience:
            self.folder.event("early_stop_withheld", step, standard_error=found.standard_error)
        self.save(val_loss=found.loss, standard_error=found.standard_error, val_tokens=found.tokens)

    def _in_float32(self, found: HeldOut) -> float:
        """The loss of an evaluation as it is without autocast, measured again where there is one."""
        if self.settings.precision == "float32":
            return found.loss
        return self.trainer.evaluate(self.windows_WT, whole_precision=True).loss

    def steps(self, watch: TerminationWatch) -> TrainingOutcome:
        """Train until the plan, patience, the data or somebody's patience ends."""
        trainer = self.trainer
        if trainer.step == 0 and self.stopping.last_loss is None:
            self.evaluate()
        with DeviceWatch(self.folder.path, self.place) as self._devices:
            self._devices.begin(trainer.step)
            return self._steps(watch, self._devices)

    def _steps(self, watch: TerminationWatch, devices: DeviceWatch) -> TrainingOutcome:
        trainer, planned = self.trainer, self.settings.steps
        self._observed = trainer.step + 1
        while trainer.step < planned and not self.stopping.due:
            if self.group.any_of(watch.asked or devices.lost):
                told = self.group.all_of((watch.signal_name, devices.lost))
                if lost := [f"rank {rank}: {why}" for rank, (_, why) in enumerate(told) if why]:
                    raise TrainingAborted("driver lost", "; ".join(lost), trainer.step + 1)
                return self._preempted(next(name for name, _ in told if name))
            self._take_step()
            if trainer.step % self.settings.evaluate_every == 0 or trainer.step == planned:
                self.evaluate()
        if trainer.step == planned:
            return TrainingOutcome("completed", "every planned step was done", trainer.step)
        reason = (
            f"no improvement of {self.stopping.min_improvement} nats/token "
            f"in {self.stopping.without_improvement} evaluations"
        )
        self.folder.event("early_stop", trainer.step, reason=reason)
        return TrainingOutcome("stopped_early", reason, trainer.step)

    def _observed_step(self) -> LaunchedStep:
        """A step whose kernels are written down: the second of a session, since the first may compile."""
        launched, kernels = observe(self.trainer.step + 1, self.trainer.take_step)
        self.placement = self.placement.model_copy(update={"kernels": kernels})
        self.folder.update(placement=self.placement.model_dump())
        return launched

    def _preempted(self, reason: str) -> TrainingOutcome:
        self.catch_up()
        step = self.trainer.step
        if not self.group.from_main(checkpoint_path(self.folder.path, step).exists):
            self.folder.event("preempting", step, reason=reason)  # whoever asked may not wait for the rest
            self.save(val_loss=None)
        self.folder.event("preempted", step, reason=reason)
        return TrainingOutcome("preempted", reason, step)


def pretrain(
    recipe: Recipe,
    tokenizer: Path,
    shards: Path,
    output: Path,
    report: Progress | None = None,
    *,
    initial: Path | None = None,
    bypasses: Sequence[Mapping[str, Any]] = (),
    watch: TerminationWatch | None = None,
    group: RankGroup = ALONE,
) -> TrainingOutcome:
    """Train a model into a run folder, or go on with a run that was interrupted there.

    `initial` is a checkpoint folder whose weights a fine-tuning starts from: see `initialisation`.
    `bypasses` are checks that were relaxed, for the record. `watch` notes signals that ask for an
    end; SIGTERM by default. `group` are the processes that train together, each of which calls this: the
    first one writes the run, the others a log of their own beside it. The outcome `preempted` wants exit
    status 143, and `aborted` exit status 1, from whoever calls this.

    Raises:
        RequirementMissing: the device asked for is not on this machine, or the model does not fit it.
        UnusableInput: the settings do not fit the data, or the folder holds another run.
        DamagedArtifact: the shards, the tokenizer or the initial weights cannot be used.
        CannotWrite: the disk is full or refuses; the run can be resumed when it does no more.
    """
    device = group.device(recipe.training.device)
    recipe = recipe.on(device.type)
    refuse_unfit(recipe, device, initialised=initial is not None)
    length = recipe.training.sequence_length
    beginning = examine(initial, tokenizer, read_manifest(shards), length=length) if initial else None
    output.mkdir(parents=True, exist_ok=True)
    record = _first_record(recipe, tokenizer, shards, beginning)
    earlier, checkpoint, events, kept = group.from_main(lambda: _prepared(output, record, beginning))
    if earlier is not None and earlier["status"] in FINISHED:
        return TrainingOutcome(earlier["status"], earlier["reason"], earlier["steps_done"])
    record |= carried_over(earlier, bypasses)
    group.watch(output)
    folder = RunFolder(own_folder(output, group), record)
    try:
        record["sessions"] = 1 + (earlier or {}).get("sessions", 0)
        with watch or TerminationWatch() as watching:
            try:
                run = _TrainingRun(
                    recipe, folder, tokenizer, shards, initial=kept, report=report or _silent, group=group
                )
            except (MemoryError, RuntimeError) as error:
                refuse_without_room(error, device)
                raise
            return _drive(run, watching, checkpoint=checkpoint, events=events, resumed=earlier is not None)
    finally:
        folder.close()


def _prepared(
    output: Path, record: Mapping[str, Any], beginning: Beginning | None
) -> tuple[dict[str, Any] | None, Path | None, list[dict[str, Any]], Path | None]:
    """Put the folder in order: the earlier record, the newest checkpoint, events, the initial weights.

    Raises:
        UnusableInput: the folder holds another run.
    """
    earlier = earlier_record(output, record)
    if earlier is not None and earlier["status"] in FINISHED:
        return earlier, None, [], None
    checkpoint, events = put_in_order(output)
    return earlier, checkpoint, events, beginning.copy_into(output) if beginning else None


def _drive(
    run: _TrainingRun,
    watch: TerminationWatch,
    *,
    checkpoint: Path | None,
    events: list[dict[str, Any]],
    resumed: bool,
) -> TrainingOutcome:
    """Restore, train, and write down how it ended."""
    folder = run.folder
    if checkpoint is not None:
        run.resume(checkpoint)
    for event in events:
        folder.events.append({"event": event["event"], "step": run.trainer.step, **event})
    if resumed:
        folder.event("resumed", run.trainer.step, checkpoint=checkpoint.name if checkpoint else None)
    try:
        outcome = run.steps(watch)
    except TrainingAborted as abort:
        folder.event("aborted", abort.step, reason=abort.reason, detail=abort.message)
        outcome = TrainingOutcome("aborted", f"{abort.reason}: {abort.message}", run.trainer.step)
    except EndOfData as end:
        folder.event("end_of_data", run.trainer.step + 1, reason=end.message)
        outcome = TrainingOutcome("data_exhausted", end.message, run.trainer.step)
    except (CannotWrite, DamagedArtifact) as broken:
        run.abandon()
        with contextlib.suppress(CannotWrite):  # the disk that refused may take a line, or not
            folder.update(status="aborted", reason=str(broken.message), steps_done=run.trainer.step)
        raise
    except (MemoryError, RuntimeError) as error:
        outcome = run.broken(error)
    folder.sync()
    if run.watched and outcome.status in FINISHED:
        outcome = replace(outcome, reason=run.watched.conclude(outcome.reason, run.stopping.last_loss))
    folder.update(
        status=outcome.status,
        reason=outcome.reason,
        steps_done=outcome.steps_done,
        wall_seconds=run.wall_seconds,
        best_step=run.stopping.best_step,
    )
    return outcome


def repeat_steps(
    recipe: Recipe,
    shards: Path,
    log: Path,
    *,
    steps: int,
    start: Path | None = None,
    initial: Path | None = None,
    report: Progress | None = None,
) -> int:
    """Train some steps again, from the beginning or from a checkpoint, and keep only their log.

    The schedule stays that of the whole plan. Returns the steps done.

    Raises:
        RequirementMissing, DamagedArtifact: as `pretrain`.
        TrainingAborted, EndOfData: as a step does.
    """
    device = resolve_device(recipe.training.device)
    settings = recipe.training
    prepare(device, settings.threads, deterministic=settings.deterministic, tf32=settings.tf32)
    trainer = Trainer(recipe, shards, device, initial=initial)
    if start is not None:
        trainer.restore(start)
    lines = JsonLog(log)
    try:
        for done in range(1, steps + 1):
            lines.append(trainer.read(trainer.take_step()))
            (report or _silent)(done, steps, "steps")
        lines.sync()
    finally:
        lines.close()
    return steps


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """The same recipe under another seed."""
    return replace(recipe, training=recipe.training.model_copy(update={"seed": seed}))
