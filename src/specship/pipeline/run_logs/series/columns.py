"""Which column of a log holds which quantity, and in which unit: what a maker says whose names are its own.

A log names its figures as its author liked. Names that most programs share are known (`names_of`); any other
is told here, and so is what no name can say: whether a loss is a sum over the batches of a step, whether a
rate belongs to an epoch, whether tokens are those of one device.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.pipeline.run_logs.json_values import count, number
from specship.pipeline.stage import Settings

Name = Annotated[str, Field(min_length=1, max_length=200)]
Some = Annotated[int, Field(ge=1, le=2**31)]
PREFIX: Final = "columns."
"""Before a column that a caller tells among the facts: `columns.loss=train_loss`."""
_BIT: Final = math.log(2.0)
_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "step": (
        "step",
        "global_step",
        "train/global_step",
        "trainer/global_step",
        "iter",
        "iteration",
        "iter_num",
        "steps",
        "_step",
    ),
    "loss": (
        "train_loss",
        "train/loss",
        "loss",
        "train_loss_step",
        "train/loss_step",
        "training_loss",
        "training/loss",
        "loss/train",
        "loss_metrics/global_avg_loss",
    ),
    "lr": ("learning_rate", "train/learning_rate", "lr", "train/lr"),
    "grad_norm": ("grad_norm", "train/grad_norm", "grad_2.0_norm_total", "grad_norm_step"),
    "clipped_norm": ("grad_norm_after_clip",),
    "tokens_per_second": ("tokens_per_second", "train/tokens_per_second", "tok_per_sec", "train/tok_per_sec"),
    "tokens_seen": (
        "num_input_tokens_seen",
        "train/num_input_tokens_seen",
        "tokens_seen",
        "ntokens_seen",
        "n_tokens_seen",
    ),
    "epoch": ("epoch", "train/epoch"),
}
"""Names that need no telling, the likelier first; upper case counts as lower."""
_RATE_OF_AN_OPTIMIZER: Final = "lr-"
"""Lightning's LearningRateMonitor writes `lr-AdamW`."""
_BACKUP: Final = frozenset({"_step"})
"""What a program counts beside the trainer's own steps: Weights & Biases, its calls of `log`."""


class Columns(Settings):
    """Names of columns, and what their figures are; a name that is not told is looked for."""

    step: Name | None = None
    """Steps of the optimizer."""
    loss: Name | None = None
    """Training loss, nats a token unless `loss_unit` says otherwise."""
    val_loss: Name | None = None
    """Held-out loss, in the same unit, never summed."""
    lr: Name | None = None
    """Learning rate."""
    grad_norm: Name | None = None
    """Norm of the gradient before clipping."""
    clipped_norm: Name | None = None
    """The same behind it."""
    tokens_per_second: Name | None = None
    """Speed of training."""
    tokens_seen: Name | None = None
    """Tokens trained on, from the beginning on."""
    epoch: Name | None = None
    """Passes over the training set."""
    loss_is: Literal["mean", "summed"] = "mean"
    """`summed`: over the `accumulation` batches of a step."""
    accumulation: Some = 1
    """Batches of a step."""
    loss_unit: Literal["nats", "bits"] = "nats"
    """Of a loss a token."""
    lr_is: Literal["step", "epoch"] = "step"
    """`epoch`: one rate is logged for all steps of an epoch, and is that of its first."""
    tokens_are: Literal["all", "device"] = "all"
    """`device`: tokens are those of one of the `devices`."""
    devices: Some = 1
    """How many worked on a step together."""
    every: Some | None = None
    """Steps between two records, where these hold no step."""
    run: Name | None = None
    """Which run, where a store or a folder holds several."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.loss_is == "summed" and self.accumulation == 1:
            raise ValueError("loss_is summed needs accumulation, the batches that are summed")
        if self.tokens_are == "device" and self.devices == 1:
            raise ValueError("tokens_are device needs devices, how many there are")
        return self

    def name_of(self, quantity: str) -> str | None:
        """The column that was told for a quantity."""
        told: str | None = getattr(self, quantity)
        return told

    @property
    def told(self) -> tuple[str, ...]:
        """All columns that were told."""
        names = (self.name_of(quantity) for quantity in (*_KNOWN, "val_loss"))
        return tuple(name for name in names if name is not None)

    def names_of(self, quantity: str) -> tuple[str, ...]:
        """Columns that can hold a quantity, the likelier first."""
        told = self.name_of(quantity)
        return _KNOWN[quantity] if told is None else (told,)

    def value(self, record: Mapping[str, Any], quantity: str) -> float | None:
        """The figure that a record holds for a quantity, in our unit."""
        found = next(
            (one for name in self.names_of(quantity) if (one := number(record.get(name))) is not None), None
        )
        if found is None and quantity == "lr" and self.lr is None:
            named = (name for name in record if name.startswith(_RATE_OF_AN_OPTIMIZER))
            found = next((one for name in named if (one := number(record[name])) is not None), None)
        return None if found is None else found * self.scale(quantity)

    def scale(self, quantity: str) -> float:
        """What turns a figure of the log into ours."""
        if quantity in {"loss", "val_loss"}:
            unit = _BIT if self.loss_unit == "bits" else 1.0
            return unit / self.accumulation if quantity == "loss" and self.loss_is == "summed" else unit
        if quantity in {"tokens_per_second", "tokens_seen"} and self.tokens_are == "device":
            return float(self.devices)
        return 1.0

    def step_of(self, record: Mapping[str, Any]) -> int | None:
        """The step of a record."""
        return next(
            (one for name in self.names_of("step") if (one := count(record.get(name))) is not None), None
        )

    def for_names(self, names: Iterable[str], path: Any) -> Columns:
        """These columns with step and loss settled among a log's own names.

        Raises:
            UnusableInput: none is called so, or several are and nobody said which.
        """
        there = {name.lower(): name for name in sorted(names, reverse=True)}
        told = {
            name: value for name in _KNOWN if (value := self.name_of(name)) is not None
        }  # fmt: skip
        for quantity, name in [*told.items(), *([("val_loss", self.val_loss)] if self.val_loss else [])]:
            if name not in there.values():
                raise _refused(path, f"no column is called {name!r}", quantity, there.values())
        for quantity, known in _KNOWN.items():
            if quantity in told:
                continue
            found = [there[name] for name in known if name in there]
            if quantity == "step" and self.every is not None and not found:
                continue
            main = [name for name in found if name.lower() not in _BACKUP] or found
            if quantity in {"step", "loss"} and len(main) != 1:
                what = f"several columns can be the {quantity}: {', '.join(main)}" if main else (
                    f"which column is the {quantity} is not known"
                )  # fmt: skip
                raise _refused(path, what, quantity, there.values())
            if main:
                told[quantity] = main[0]
        return self.model_copy(update=told)


def _refused(path: Any, what: str, quantity: str, names: Iterable[str]) -> UnusableInput:
    there = sorted(name[:60] for name in names)
    more = f" and {len(there) - 30} more" if len(there) > 30 else ""
    return UnusableInput(
        what,
        at=path,
        why=f"its columns are {', '.join(there[:30]) or 'none'}{more}",
        mend=f"say which: --fact {PREFIX}{quantity}=NAME, or `{quantity}: NAME` under `columns:`",
    )


_NUMBERS: Final = frozenset({"accumulation", "devices", "every"})


def columns_of(words: Mapping[str, str]) -> Columns:
    """Columns from words, as a caller or a file writes them.

    Raises:
        UnknownName: a quantity is not known.
        UnusableInput: a value that it cannot have.
    """
    for name in words:
        if name not in Columns.model_fields:
            known = did_you_mean(name, Columns.model_fields) or f"known are {', '.join(Columns.model_fields)}"
            raise UnknownName(f"no column is known as {name!r}", mend=known)
    values = {
        name: int(text) if name in _NUMBERS and text.isascii() and text.isdigit() and len(text) < 12 else text
        for name, text in words.items()
    }
    try:
        return Columns.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        raise UnusableInput(
            f"{PREFIX}{where}: {said}" if where else said,
            mend="see the table of columns in the documentation",
        ) from error


NO_COLUMNS: Final = Columns()
"""Nothing is told: names that are known, mean losses, all devices."""


def columns_among(told: Mapping[str, str]) -> tuple[Columns, dict[str, str]]:
    """The columns among facts that a caller tells (`columns.loss`), and the other facts.

    Raises:
        UnknownName: a quantity is not known.
        UnusableInput: a value that it cannot have.
    """
    words = {name.removeprefix(PREFIX): text for name, text in told.items() if name.startswith(PREFIX)}
    rest = {name: text for name, text in told.items() if not name.startswith(PREFIX)}
    return columns_of(words), rest
