"""What one entry of a foreign contract says, and what keeps its comparison from being bound.

Entries are mappings with an id, words and perhaps a formal claim; which keys carry which is in
the tables below, taken from contracts of many authors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from specship.contracts.foreign.force import why_out_of_force
from specship.contracts.foreign.tree import Node
from specship.contracts.foreign.words import one_line, shortened

ASSUMES: Final = "a precondition says what is assumed, not what is promised"
STATES_FAILURE: Final = "a falsification says when the rule fails, and its opposite was not guessed"
SECTIONS: Final[Mapping[str, str]] = {
    # the last words of a key, and why nothing below it is bound
    "invariants": "",
    "proof_obligations": "",
    "obligations": "",
    "equations": "",
    "gates": "",
    "gate": "",
    "falsification_tests": "",
    "falsification": STATES_FAILURE,
    "falsifiers": STATES_FAILURE,
    "kani_harnesses": "it is proved about code, and no probe measures an artifact for it",
    "preconditions": ASSUMES,
    "postconditions": "",
    "enforcement": "",
    "requirements": "",
    "acceptance_criteria": "",
    "assertions": "",
    "guarantees": "",
    "rules": "",
}
ID: Final = ("id", "gate_id", "name")
HEADING: Final = ("name", "title")
STATEMENT: Final = ("rule", "property", "description", "statement", "obligation")
CLAIM: Final = (
    "formal", "prediction", "formula", "condition", "assertion", "invariant", "expression", "pass_criteria",
)  # fmt: skip
SAID_ABOUT: Final[Mapping[str, str]] = {ASSUMES: "Assumed: ", STATES_FAILURE: "Fails when: "}
"""What stands before words that would else read as if they had to hold."""
_RESTRICTING: Final = ("applies_to", "domain", "when", "unless", "only_if", "scope", "profile", "tolerance")
_RESTRICTING_WORD: Final = re.compile(
    r"\b(if|when|while|on|only|unless|except|during|before|after|until|per|for|at|in|under|with|without|within"
    r"|or|not|may|might|could|should|optional|advisory|experimental|initial|first|last|baseline|smoke|debug"
    r"|rehearsal|warm-?up|mean|average|median|relative|cpu|gpu|cuda|fine-?tun\w*|teacher|student)\b",
    re.IGNORECASE,
)
"""Words that, in a heading or a name, can make a comparison hold for less than everything."""
_NEUTRAL_PREFIXES: Final = frozenset(
    {"", "qa", "quality", "ship", "core", "key", "main", "model", "training"}
)
_LONGEST_CITED: Final = 4_000
"""Characters of an entry in which sources are looked for."""

_METRIC: Final = ("metric", "quantity", "measure", "measurement")
_OPERATOR: Final = ("operator", "op", "comparison", "comparator")
_NUMBER_KEYS: Final = ("threshold", "limit", "value", "target")
SIGNS: Final[Mapping[str, str]] = {
    "min": ">=", "minimum": ">=", "at_least": ">=", "ge": ">=", "gte": ">=",
    "max": "<=", "maximum": "<=", "at_most": "<=", "le": "<=", "lte": "<=",
    "below": "<", "lt": "<", "above": ">", "gt": ">", "equals": "=", "eq": "=",
}  # fmt: skip


def section_of(key: str) -> str | None:
    """The section that a key opens: `training_invariants` are invariants."""
    return next((name for name in SECTIONS if key == name or key.endswith(f"_{name}")), None)


def standing_under(name: str) -> str:
    """Why a rule is not bound that stands under a name whose meaning is not known."""
    return f"it stands under {shortened(name, 60)!r}, which may restrict it"


def standing_under_prefix(key: str, section: str) -> str:
    """Why rules under a key such as `smoke_gates` are not bound: they may be rules of smoke runs only."""
    prefix = key.removesuffix(section).rstrip("_")
    return "" if prefix in _NEUTRAL_PREFIXES else standing_under(key)


def restricted_by(*beside: str) -> str:
    """Why the words beside a comparison keep it from being bound, or the empty string."""
    for text in beside:
        if found := _RESTRICTING_WORD.search(text.replace("_", " ")):
            return f"the words beside the comparison may restrict it: {found[0].lower()!r}"
    return ""


def is_entry(node: Node) -> bool:
    """Whether a mapping is one rule, and not a table of them."""
    return any(key in node.entries and node.entries[key].text for key in (*ID, *HEADING, *STATEMENT, *CLAIM))


def is_table(node: Node) -> bool:
    """Whether a mapping holds entries only, and is none itself."""
    return not is_entry(node) and all(child.items or child.entries for child in node.entries.values())


def listed(node: Node, *keys: str) -> list[str]:
    """The texts under some keys, each of which holds one or a list."""
    found = [node.entries[key] for key in keys if key in node.entries]
    return [text for child in found for part in (child, *child.items) if (text := part.text)]


def why_never(node: Node, section: str, claim_key: str) -> str:
    """Why an entry is not to be bound whatever it compares, or the empty string."""
    if reason := SECTIONS.get(section, ""):
        return reason
    if section == "falsification_tests" and claim_key not in {"prediction", "formal"}:
        return STATES_FAILURE
    if reason := why_out_of_force(node):
        return reason
    for key in _RESTRICTING:
        text = node.first_text(key)
        if text and text.lower() != "all":
            return f"it is restricted: {key} is {shortened(text, 60)!r}"
    return ""


def words_of(node: Node, name: str, claim: str) -> str:
    """What an entry says: its heading, its statement and its claim, each once."""
    heading = node.first_text(*HEADING) or name
    statement = node.first_text(*STATEMENT)
    return joined(heading, statement, claim) if statement or claim else joined(heading) or settings_of(node)


def joined(*parts: str) -> str:
    """The parts that are not empty, each once."""
    return ": ".join(dict.fromkeys(part for part in parts if part))


def raw_of(node: Node, *keys: str) -> str:
    """The text of the first of these keys that has one, as it was written."""
    return next((node.entries[key].raw for key in keys if key in node.entries and node.entries[key].text), "")


def cited_in(node: Node) -> str:
    """Everything an entry says, up to a bound."""
    return shortened("\n".join(node.texts()), _LONGEST_CITED)


def settings_of(node: Node) -> str:
    """The scalars of a mapping in one line, for entries that have no sentence."""
    return ", ".join(f"{one_line(key)}: {child.text}" for key, child in node.entries.items() if child.text)


def metric_claim(node: Node) -> str:
    """The comparison that an entry with a metric makes, or the empty string."""
    metric = node.first_text(*_METRIC)
    if not metric:
        return ""
    if probe := node.first_text("probe"):
        metric = f"{probe}.{metric}"
    number, operator = node.first_text(*_NUMBER_KEYS), node.first_text(*_OPERATOR)
    if not number:
        return bounds_claim(metric, node)
    sign, unit = SIGNS.get(operator.lower(), operator), node.first_text("unit", "units")
    return f"{metric} {sign} {number} {unit}".strip()


def bounds_claim(name: str, node: Node) -> str:
    """The comparison that `{min: 1, max: 2, unit: ratio}` makes of a name."""
    unit = node.first_text("unit", "units")
    given = {SIGNS[key]: child.text for key, child in node.entries.items() if key in SIGNS and child.text}
    if set(given) == {">=", "<="}:
        return f"{name} in [{given['>=']}, {given['<=']}] {unit}".strip()
    return " and ".join(f"{name} {sign} {number} {unit}".strip() for sign, number in given.items())
