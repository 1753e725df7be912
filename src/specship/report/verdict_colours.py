"""The colours of verdicts and statuses: pytest's, wherever one is shown."""

from __future__ import annotations

import re
from typing import Final

COLOURS: Final = {
    "DISCHARGED": "green", "PASS": "green", "FAILED": "red", "FAIL": "red", "ERROR": "red",
    "STALE": "yellow", "BLOCKED": "yellow", "OPEN": "cyan", "UNBOUND": "cyan", "NOT_JUDGED": "bright_black",
}  # fmt: skip
"""By verdict or status, as rich names them."""
_CODES: Final = {"green": 32, "red": 31, "yellow": 33, "cyan": 36, "bright_black": 90}
_WORD: Final = re.compile(rf"(?<![\w\x1b-])(?:{'|'.join(COLOURS)})(?![\w-])")


def painted(text: str) -> str:
    """A text for a terminal in which each verdict and status has its colour; nothing else is changed."""
    return _WORD.sub(lambda word: f"\x1b[{_CODES[COLOURS[word[0]]]}m{word[0]}\x1b[0m", text)
