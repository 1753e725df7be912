"""A contract as the YAML that our own reader accepts, each gate under its comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from specship.contracts.foreign.words import one_line
from specship.contracts.records import Contract, Gate

MODELINE: Final = (
    "# yaml-language-server: $schema="
    "https://raw.githubusercontent.com/specship/specship/main/schemas/contract.schema.json"
)
_PLAIN: Final = re.compile(
    r"[a-z]+([-_./][a-z]+)*[-_./][a-z]+|GATE-[A-Z0-9-]+|[A-Z]+(-[A-Z0-9]+)+|[a-z]{4,}s"
)
"""Texts that no reader of YAML takes for anything else; all others are quoted."""


def contract_yaml(contract: Contract, *, heading: str, comments: Mapping[str, Sequence[str]]) -> str:
    """The text of a contract; `comments` stand above the gates they belong to, by id."""
    lines = [
        MODELINE,
        f"# {one_line(heading)}",
        f"contract_id: {_scalar(contract.contract_id)}",
        f"version: {contract.version}",
        f"stage: {contract.stage}",
        f"summary: {_quoted(contract.summary)}",
    ]
    if contract.references:
        lines.append("references:")
        lines += [
            f"  - {{id: {_quoted(one.id)}, supports: {_list(one.supports)}}}" for one in contract.references
        ]
    lines.append("gates:")
    for gate in contract.gates:
        lines += [f"  # {one_line(comment)}" for comment in comments.get(gate.id, ())]
        lines += _gate(gate)
    return "\n".join(lines) + "\n"


def _gate(gate: Gate) -> Iterator[str]:
    yield f"  - id: {gate.id}"
    yield f"    rule: {_quoted(gate.rule)}"
    if gate.source:
        yield f"    source: {_quoted(gate.source)}"
    if gate.binds_to:
        yield f"    binds_to: {_list(gate.binds_to)}"
    yield f"    ship_blocking: {'true' if gate.ship_blocking else 'false'}"
    if gate.probe:
        yield f"    probe: {_scalar(gate.probe)}"
        yield "    expect:"
    for quantity, expectation in gate.expect.items():
        limit, unit = _limit(expectation.limit), _scalar(expectation.unit)
        yield f"      {_scalar(quantity)}: {{{expectation.operator}: {limit}, unit: {unit}}}"


def _quoted(text: str) -> str:
    """A double-quoted scalar; JSON's quoting of printable text is YAML's too."""
    return json.dumps(text, ensure_ascii=False)


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(_scalar(text) for text in texts)}]"


def _limit(limit: Any) -> str:
    if isinstance(limit, tuple):
        return f"[{', '.join(_limit(end) for end in limit)}]"
    if isinstance(limit, float):
        mantissa, mark, exponent = repr(limit).partition("e")
        return mantissa + ("" if "." in mantissa else ".0") + mark + exponent
    return str(limit)
