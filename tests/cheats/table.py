"""The cheat table as people read it, from the rows that the tests try."""

from typing import Final

from tests.cheats import demands, sessions, statements, surroundings
from tests.cheats.guards import GUARD_OF

ROWS: Final = (*statements.ROWS, *demands.ROWS)
_HEAD: Final = """\
# Attempts

    specship evidence audit

Each row was tried by a test through `specship gate`, `specship status` or `pytest`, and is answered; then its guard is taken out
of a scratch copy of the package, and the attempt succeeds. [Trust](trust.md) says what is promised.

"""


def page() -> str:
    """The page of the docs."""
    lines = [
        "| what is tried | the guard | the face that answers | its answer holds |",
        "| --- | --- | --- | --- |",
    ]
    for cheat in ROWS:
        guards = ", ".join(dict.fromkeys(f"`{GUARD_OF[guard]}`" for guard in cheat.guards))
        says = cheat.says.replace("|", "\\|")
        lines.append(f"| {cheat.tries} | {guards} | `{cheat.face}` | {says} |")
    for row in (*sessions.ROWS, *surroundings.ROWS):
        guards = ", ".join(dict.fromkeys(f"`{GUARD_OF[guard]}`" for guard in row.guards))
        lines.append(f"| {row.tries} | {guards} | `{row.words[0]}` | {row.says} |")
    return _HEAD + "\n".join(lines) + "\n"
