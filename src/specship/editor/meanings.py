"""What a word under the cursor means: ids, probes, faults, units, codes, keys, and limits with evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from specship.editor.cursor import Cursor, cursor_at, word_at
from specship.editor.edited_project import EditedProject
from specship.editor.offers import key_says
from specship.errors import SpecshipError, UnknownName
from specship.report.explained import render
from specship.report.formatting import ago
from specship.suite.explain.codes import explain_code, known_codes
from specship.suite.explain.records import GateAtProfile

_WIDTH = 88
"""Columns of a hover: what editors show without a second line."""


class HoverText(NamedTuple):
    """What a word means, and where the word stands in its line."""

    markdown: str
    start: int
    end: int


def meaning(project: EditedProject, path: Path, line: int, character: int) -> HoverText | None:
    """What the word at a place (from 0) means; None where it has no meaning of its own."""
    rows = project.texts.get(path, "").split("\n")
    word, start, end = word_at(rows[line] if line < len(rows) else "", character)
    kind = project.kind_of(path)
    if not word or kind is None:
        return None
    cursor = cursor_at("\n".join(rows), line, start)
    for text in _told(project, kind, word, cursor, path, line):
        if text:
            return HoverText(text, start, end)
    return None


def _told(
    project: EditedProject, kind: str, word: str, cursor: Cursor | None, path: Path, line: int
) -> Iterator[str]:
    yield _id(project, word)
    if cursor is not None and "expect" in cursor.keys and cursor.in_key:
        yield _limit(project, kind, word, cursor, path, line)
    if word in known_codes():
        yield _block(render(explain_code(word), width=_WIDTH))
    if cursor is not None and cursor.in_key:
        yield key_says(kind, (*cursor.keys, word))
    if cursor is not None and cursor.keys[-1:] == ("unit",):
        yield f"`{word}`: {project.unit_names.get(word, project.unit_names['…s'])}"


def _id(project: EditedProject, word: str) -> str:
    entry = project.named.get(word)
    if entry is None:
        return ""
    if project.explainer is not None:
        with project.held():
            try:
                return _block(render(project.explainer.explain(word), width=_WIDTH))
            except UnknownName:
                pass
            except SpecshipError as error:
                return f"{entry.what} `{word}`: {entry.says}\n\n{error.message}"
    return f"{entry.what} `{word}`: {entry.says}"


def _limit(project: EditedProject, kind: str, quantity: str, cursor: Cursor, path: Path, line: int) -> str:
    """A quantity under `expect`: its limit at each profile, what was measured last, and what was seen."""
    gate = cursor.keys[1] if kind == "profile" else str((project.gate_at(path, line) or {}).get("id", ""))
    entry = project.named.get(gate)
    if entry is None or project.explainer is None:
        return ""
    with project.held():
        try:
            found = project.explainer.gate(gate)
        except (SpecshipError, KeyError):
            return ""
    rows = [row for at in found.profiles for row in _limit_at(at, quantity)]
    return _block("\n".join([f"{quantity}, {gate}", *rows])) if rows else ""


def _limit_at(at: GateAtProfile, quantity: str) -> Iterator[str]:
    for limit in at.limits:
        if limit.quantity != quantity:
            continue
        yield f"at profile {at.profile}: {limit.limit}, by {limit.origin}"
        if at.standing is None:
            continue
        for measured in at.standing.measured:
            if measured.quantity == quantity:
                fresh = "" if at.standing.fresh else " (stale)"
                yield f"  measured {measured.value} {measured.unit}, {ago(at.standing.ended)}{fresh}"
        for seen in at.standing.limits:
            if seen.quantity == quantity:
                yield f"  {'seen to fail' if seen.seen == 'seen' else seen.why or 'never seen to fail'}"


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"
