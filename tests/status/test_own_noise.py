"""The noise that a measurement tells of its own figures, by the names of its quantities."""

import pytest

from specship.status.own_noise import own_noise
from specship.units import Quantity

LOSS = {"val_loss": Quantity(3.9, "nats/token"), "standard_error": Quantity(0.0123, "nats/token")}
RATE = {
    "tokens_per_second": Quantity(15346.8, "tokens/s"),
    "tokens_per_second_low": Quantity(14803.9, "tokens/s"),
    "tokens_per_second_high": Quantity(15900, "tokens/s"),
}
ERRORS = {"syntax_errors": Quantity(157, "errors"), "completions": Quantity(200, "completions")}
PASSED = {
    "passed": Quantity(0, "completions"),
    "passed_lowest": Quantity(0, "completions"),
    "passed_highest": Quantity(1, "completions"),
    "problems": Quantity(164, "problems"),
}
SCORE = {"value": Quantity(0.4, "fraction"), "standard_error": Quantity(0.02, "fraction")}


@pytest.mark.parametrize(
    ("name", "quantities", "says"),
    [
        ("val_loss", LOSS, "± 0.012 standard error"), ("value", SCORE, "± 0.02 standard error"),
        ("tokens_per_second", RATE, "lowest 14803.9, highest 15 900"),
        ("syntax_errors", ERRORS, "of 200: 72.2 … 84 % at 95 %"),
        ("passed", PASSED, "of 164: 0 … 2.22 % at 95 %, lowest 0, highest 1"),
        # Nothing is said by another unit, of figures that tell no noise, of text, nor of what was not measured.
        ("val_loss", {**LOSS, "standard_error": Quantity(0.01, "fraction")}, ""),
        ("val_loss", {**LOSS, "standard_error": Quantity(None, "nats/token")}, ""),
        ("standard_error", LOSS, ""), ("tokens_per_second_low", RATE, ""), ("completions", ERRORS, ""),
        ("syntax_errors", {**ERRORS, "completions": Quantity(100, "completions")}, ""),
        ("syntax_errors", {**ERRORS, "completions": Quantity(0, "completions")}, ""),
        ("syntax_errors", {**ERRORS, "completions": Quantity("many", "text")}, ""),
        ("val_loss", {**LOSS, "val_loss": Quantity("low", "text")}, ""), ("absent", LOSS, ""),
    ],
)  # fmt: skip
def test_each_figure_tells_its_noise(name: str, quantities: dict[str, Quantity], says: str) -> None:
    """The bounds of shares are those of Clopper and Pearson: 157 of 200, none of 164."""
    assert own_noise(name, quantities) == says
