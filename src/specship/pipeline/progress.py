"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[..., None]
"""`report(done, total, unit, **figures)`: how much of the whole is done, counted in a unit.

It is called as often as one likes and thins the calls out itself. Figures (loss, tokens_per_second) are
shown as they are named.
"""
