"""Writing the edits of findings into files, and nothing else of them."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from specship.contracts.document import Document
from specship.files import write_file
from specship.lint.finding import Edit, Finding


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits made; of two that touch the same characters, the first one."""
    parts, reached = [], 0
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end)):
        if edit.start >= reached:
            parts += [text[reached : edit.start], edit.text]
            reached = edit.end
    return "".join((*parts, text[reached:]))


def fix(findings: Iterable[Finding], documents: Iterable[Document], root: Path) -> bool:
    """Make the edits of findings; False when there was nothing to do.

    A file that says something else by now than what was read is left alone, and a link stays one: the
    file it leads to is replaced, whole or not at all, with its permissions.

    Raises:
        CannotWrite: a file refuses the write.
    """
    edits: dict[str, list[Edit]] = {}
    for finding in findings:
        edits.setdefault(finding.path, []).extend(finding.edits)
    written = False
    for document in documents:
        text = edited(document.text, edits.get(document.path, ()))
        path = (root / document.path).resolve()
        if text != document.text and path.read_bytes() == document.text.encode():
            mode = stat.S_IMODE(path.stat().st_mode)
            write_file(path, text)
            path.chmod(mode)
            written = True
    return written
