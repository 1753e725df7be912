"""The search for garbage, left out where it would find none.

Importing alone makes some hundred thousand objects that live to the end. The interpreter looks through all of
them when more have come, and several times when the process ends and their memory goes back anyway: half a
second with torch.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """No search for garbage while many small objects are made that all stay: it would find none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def none_at_the_end() -> None:
    """No search for garbage when this process ends.

    What it leaves in cycles is then not finalised, on which nothing may rely: files are closed where they
    are written.
    """
    atexit.register(gc.freeze)


def all_stays() -> Callable[[], None]:
    """Leave every object of this moment out of the searches to come, until what is returned is called.

    Where somebody did so before, theirs is left alone.
    """
    if gc.get_freeze_count():
        return lambda: None
    gc.freeze()
    return gc.unfreeze
