"""The stop rule for a generated function body, and the strict parse that follows it.

The stop rule, in this order:
1. text after an end token is not there;
2. when the token limit ended the completion, its last line, which may be half a line, is dropped;
3. the body ends before the first non-blank line that is indented no deeper than the header
   (the rest of the header's own line belongs to the body).

The prompts are headers whose body follows on the next line, so text behind the colon, other
than a comment, is a fault: random words there would often parse. Then the header with that
body, and nothing less, must parse. An empty body does not. A model that was cut in the middle
of a statement gets no mercy: the longest beginning that parses is reported beside the verdict
and never instead of it.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import Final

STOP_RULE: Final = (
    "1. nothing after an end token; 2. at the token limit the last line is dropped; "
    "3. the body ends before the first non-blank line indented no deeper than the header"
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The strict verdict on a function, and what a lenient judge would have said."""

    valid: bool
    longest_prefix_lines: int
    """Lines of the longest beginning that parses; as many as there are when it is valid."""
    nodes: int
    """Nodes of the syntax tree, 0 when it is not valid."""
    fault: str


def indentation(line: str) -> int:
    """Columns before the first visible character; a tab goes to the next multiple of eight."""
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip(" "))


def cut_body(completion: str, header: str, *, at_token_limit: bool) -> str:
    """The body that the stop rule leaves of a completion; see the module's text."""
    lines = completion.splitlines(keepends=True)
    if at_token_limit:
        lines = lines[:-1]
    floor = indentation(header)
    for number, line in enumerate(lines):
        if number > 0 and line.strip() and indentation(line) <= floor:
            lines = lines[:number]
            break
    return "".join(lines)


def parse_function(header: str, body: str) -> Parsed:
    """Parse a header and its body, whatever the header's indentation is."""
    behind = body.splitlines()[0].strip() if body else ""
    if behind and not behind.startswith("#"):
        return Parsed(False, 0, 0, "text behind the header's colon (line 1)")
    lines = (header + body).splitlines(keepends=True)
    tree, fault = _tree(header, "".join(lines))
    if tree is not None:
        return Parsed(True, len(lines), sum(1 for _ in ast.walk(tree)), "")
    longest = 0
    for count in range(len(lines) - 1, 1, -1):
        if _tree(header, "".join(lines[:count]))[0] is not None:
            longest = count
            break
    return Parsed(False, longest, 0, fault)


def _tree(header: str, function: str) -> tuple[ast.Module | None, str]:
    """An indented header stands under `if 1:`, so that texts inside the body keep their lines as they are."""
    source = f"if 1:\n{function}" if header[:1].isspace() else function
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source), ""
    except SyntaxError as error:
        return None, f"{error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError) as error:
        return None, f"{type(error).__name__}: {error}"
