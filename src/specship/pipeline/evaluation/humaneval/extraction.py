"""From what a model wrote to the program that is scored.

The prompt is kept whole, with its imports and helpers: the program is always prompt + code. The code is

1. the fenced block, where a line begins with three backquotes: the first block that defines the entry
   point at the left margin, else the first block; a block that is never closed goes to the end;
2. else the completion as it was given.

Stop rules cut a text where a model that completes a function has begun something else. They are
for generation, and off for completions that were given, unless they are asked for: code behind the
function may be a helper that it needs.
"""

from __future__ import annotations

import re
from typing import Final

STOPS: Final = ("\nclass ", "\ndef ", "\nasync def ", "\n@", "\n#", "\nif ", "\nprint(", "\nassert ", "\n```")
"""A function body ends before the first of these: what stands at the left margin is no body."""
_FENCE: Final = re.compile(r"^```+[^\n`]*$", re.MULTILINE)


def cut_at_stops(text: str, stops: tuple[str, ...] = STOPS) -> str:
    """The text before the first stop in it."""
    found = [position for stop in stops if (position := text.find(stop)) >= 0]
    return text[: min(found)] if found else text


def fenced_blocks(text: str) -> list[str]:
    """What stands between fences, in order; fences pair up from the front."""
    marks = list(_FENCE.finditer(text))
    blocks = []
    for opening, closing in zip(marks[::2], [*marks[1::2], None], strict=False):
        blocks.append(text[opening.end() + 1 : closing.start() if closing else len(text)])
    return blocks


def _defines(block: str, entry_point: str) -> bool:
    return re.search(rf"^(?:async +)?def +{re.escape(entry_point)}\b", block, re.MULTILINE) is not None


def code_of(completion: str, entry_point: str) -> str:
    """The code in a completion, by the rules of this module's text."""
    blocks = fenced_blocks(completion)
    if not blocks:
        return completion
    return next((block for block in blocks if _defines(block, entry_point)), blocks[0])


def program_of(prompt: str, completion: str, entry_point: str, *, stops: bool = False) -> str:
    """The program that is scored; a block that stands at the left margin begins on a line of its own."""
    code = code_of(completion, entry_point)
    if code is completion and stops:
        code = cut_at_stops(code)
    begins_line = code is not completion or _defines(code, entry_point)
    return f"{prompt}\n{code}" if begins_line and not prompt.endswith("\n") else prompt + code
