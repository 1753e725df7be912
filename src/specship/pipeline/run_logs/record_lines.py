"""Where the keys of a run's summary record stand, so that a finding can cite the lines of its figures."""

from __future__ import annotations

import re
from typing import Final

from specship.pipeline.run_logs.facts import Line

_OUTERMOST: Final = re.compile(r'^ {2}"(\w+)":', re.MULTILINE)
"""A key of the outermost object of JSON that is indented by two spaces, as both writers do it."""


def key_lines(file: str, text: str) -> dict[str, Line]:
    """Each key of the outermost object with its line; none where the text is not laid out so.

    A text value holds no bare newline in JSON, so that none of them can pass for a key.
    """
    found, line, at = {}, 1, 0
    for key in _OUTERMOST.finditer(text):
        line += text.count("\n", at, key.start())
        at = key.start()
        found[key[1]] = Line(file, line)
    return found
