"""Text for streams that have not every sign: drawn with those that they have, and nothing lost.

A stream that cannot show `≤` gets `<=`, and for a sign that nobody drew its JSON escape. What programs read
(`--format json`) is never drawn: there the escape is the sign, and all of it is ASCII, which is UTF-8 too.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, Final

_DRAWN: Final = {
    "─": "-", "│": "|", "├": "|", "└": "`", "═": "=", "█": "#", "░": ".",
    "▁": "_", "▂": ".", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "%",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "↔": "<->",
    "…": "...", "·": "-", "—": "-",
}  # fmt: skip
DRAWN: Final = "specship.drawn"
"""Name of the handler of encoding errors for people."""
ESCAPED: Final = "specship.escaped"
"""Name of the one for programs."""


def _escape(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _handler(drawn: dict[str, str]) -> Callable[[UnicodeError], tuple[str, int]]:
    def handle(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        signs = error.object[error.start : error.end]
        return "".join(drawn.get(sign) or _escape(sign) for sign in signs), error.end

    return handle


codecs.register_error(DRAWN, _handler(_DRAWN))
codecs.register_error(ESCAPED, _handler({}))


def for_people(stream: Any) -> None:
    """Have a stream draw what it cannot show; one that is no text file is left alone."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=DRAWN)


def for_programs(stream: Any) -> None:
    """Have a stream carry JSON that every reader understands, whatever its encoding is."""
    if hasattr(stream, "reconfigure"):
        utf_8 = codecs.lookup(stream.encoding).name == "utf-8"
        stream.reconfigure(encoding="utf-8" if utf_8 else "ascii", errors=ESCAPED)
