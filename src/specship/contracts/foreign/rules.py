"""Every rule of a foreign contract: its words, its lines, and what of it may be bound.

Rules stand under the keys of `SECTIONS`, as lists, as mappings by name, nested or not; beside
them as a single `rule`, `invariant` or `assertion` anywhere; and as thresholds, which are keys
such as `max_val_loss` or `min_train_tokens`, or mappings of a metric, an operator and a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from specship.contracts.foreign.entries import (
    CLAIM,
    HEADING,
    ID,
    SAID_ABOUT,
    SECTIONS,
    SIGNS,
    STATEMENT,
    STATES_FAILURE,
    bounds_claim,
    cited_in,
    is_entry,
    is_table,
    joined,
    listed,
    metric_claim,
    raw_of,
    restricted_by,
    section_of,
    settings_of,
    standing_under,
    standing_under_prefix,
    why_never,
    words_of,
)
from specship.contracts.foreign.force import why_out_of_force
from specship.contracts.foreign.tree import Node
from specship.contracts.foreign.words import one_line


@dataclass(frozen=True, slots=True)
class ForeignRule:
    """One rule of theirs."""

    original: str
    """Their id, or the empty string."""
    words: str
    """What it says, on one line."""
    claim: str
    """The part that must hold, as written; what a binding is read from."""
    first: int
    last: int
    ship_blocking: bool = False
    criteria: str = ""
    """What it says it binds to: ids of their specification, not of ours."""
    cited: str = ""
    """Everything the entry says, in which sources may be named."""
    never: str = ""
    """Why nothing of its kind is bound, or the empty string."""


_THRESHOLDS: Final = frozenset(
    {"thresholds", "limits", "budget", "budgets", "tolerances", "targets", "convergence", "criteria", "slas"}
)
_NUMBERS_ARE_LIMITS: Final = frozenset({"thresholds", "limits", "tolerances", "targets", "slas"})
"""Below these every number is a limit; a `budget` or a `convergence` also holds plain settings."""
_NO_RULES: Final = frozenset({"metadata", "changelog", "verification_summary", "failure_modes", "references"})
_SINGLE: Final = ("rule", "invariant", "assertion")
_WHOLE: Final = frozenset({"contract", "spec", "quality", "qa", "verification", "validation"})
"""Keys that only group what a contract says, and restrict nothing."""
_YES: Final = frozenset({"true", "yes", "on"})
_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]+)?\s*%?\Z")
_COMPARISON: Final = re.compile(r"(<=|>=|==|=|<|>|≤|≥)\s*[-+]?[0-9]")
_AFFIX: Final = re.compile(
    r"(?P<before>min|max|minimum|maximum|target)_(?P<rest>.+)|(?P<stem>.+)_(?P<after>min|max|at_least|at_most)"
)
_RELATION: Final = re.compile(
    r"[=<>≤≥≠∈≡≈⟹→]|\b(must|shall|never|always|require|requires|every|no|not|only|is|are|in)\b", re.IGNORECASE
)
_NESTED_TEXT: Final = frozenset({"invariants", "preconditions", "postconditions"})


def find_rules(root: Node, quantities: frozenset[str]) -> tuple[ForeignRule, ...]:
    """The rules of a tree, by line; `quantities` are the names that a threshold key may speak of."""
    return tuple(sorted(_Finder(quantities).anywhere(root), key=lambda rule: (rule.first, rule.last)))


def _above(node: Node) -> str:
    """Why nothing below a mapping is to be bound that is no rule itself: what it says of them all."""
    reason = why_out_of_force(node, rule=False)
    return f"what it stands in says: {reason}" if reason else ""


class _Finder:
    """A walk that carries along what it stands under.

    `held` is why nothing here is to be bound, when something above says so; `thresholds` and
    `expected` are the name of the section whose numbers are limits.
    """

    def __init__(self, quantities: frozenset[str]) -> None:
        self.quantities = quantities

    def anywhere(self, node: Node, *, thresholds: str = "", held: str = "") -> Iterator[ForeignRule]:
        """Rules below a node that is itself outside of every section."""
        if any(key in node.entries and node.entries[key].text for key in _SINGLE):
            yield from self.entry(node, "", "", held)
            return
        held = held or _above(node)
        for item in node.items:
            yield from self.anywhere(item, thresholds=thresholds, held=held)
        for key, child in node.entries.items():
            name = one_line(key)
            if (section := section_of(name)) is not None:
                yield from self.section(child, section, "", held or standing_under_prefix(name, section))
            elif found := self.threshold(name, child, expected=thresholds, held=held):
                yield found
            elif name not in _NO_RULES:
                below = held or ("" if name in _THRESHOLDS | _WHOLE else standing_under(name))
                yield from self.anywhere(child, thresholds=name if name in _THRESHOLDS else "", held=below)

    def section(self, node: Node, section: str, name: str, held: str) -> Iterator[ForeignRule]:
        """The rules under one key: of a text, of a list, of a mapping by name, or of one entry."""
        if node.raw:
            yield from self.words(node, section, name, held)
        elif node.items:
            below = held or (standing_under(name) if name else "")
            for item in node.items:
                yield from self.section(item, section, name, below)
        elif is_entry(node) or metric_claim(node):
            yield from self.entry(node, section, name, held)
        else:
            held = held or _above(node)
            for key, child in node.entries.items():
                yield from self.named(child, section, one_line(key), held)

    def named(self, node: Node, section: str, name: str, held: str) -> Iterator[ForeignRule]:
        """The rules of one pair in a mapping by name: a threshold, an entry, or a group of them."""
        if found := self.threshold(name, node, expected="", held=held):
            yield found
        elif node.entries and not is_table(node):
            yield from self.entry(node, section, name, held)
        else:
            yield from self.section(
                node, section, name, held or (standing_under(name) if node.entries else "")
            )

    def words(self, node: Node, section: str, name: str, held: str) -> Iterator[ForeignRule]:
        """The rule that a text alone is."""
        if not node.text:
            return
        never = SECTIONS.get(section, "")
        shown = SAID_ABOUT.get(never, "") + joined(name, node.text)
        never = never or held or restricted_by(name)
        yield ForeignRule("", shown, node.raw, node.first, node.last, cited=cited_in(node), never=never)

    def entry(self, node: Node, section: str, name: str, held: str) -> Iterator[ForeignRule]:
        """The rule that a mapping with a sentence is, and those inside it."""
        claim_key = next((key for key in CLAIM if key in node.entries and node.entries[key].text), "")
        claim = node.entries[claim_key] if claim_key else None
        said = metric_claim(node) or (claim.raw if claim else raw_of(node, *STATEMENT, *HEADING))
        beside = [text for key in (*HEADING, *STATEMENT) if (text := raw_of(node, key)) and text != said]
        never = why_never(node, section, claim_key) or held or restricted_by(name, *beside)
        words = words_of(node, name, claim.text if claim else "")
        if never == STATES_FAILURE and claim_key == "condition":
            words = SAID_ABOUT[never] + words
        if words and not (section == "equations" and not (claim and _RELATION.search(claim.text))):
            yield ForeignRule(
                original=node.first_text(*ID) or name, words=words, claim=said,
                first=node.first, last=node.last,
                ship_blocking=node.first_text("ship_blocking", "blocking").lower() in _YES,
                criteria=", ".join(listed(node, "binds_to", "blocks_ac")), cited=cited_in(node), never=never,
            )  # fmt: skip
        yield from self.nested(node, thresholds=section if section in {"gate", "gates"} else "", held=never)

    def nested(self, node: Node, *, thresholds: str, held: str) -> Iterator[ForeignRule]:
        """Rules inside an entry: the invariants of an equation, the thresholds of a quality gate."""
        for key, child in node.entries.items():
            name = one_line(key)
            inner = section_of(name)
            if inner is not None and (child.items or child.entries or name in _NESTED_TEXT):
                yield from self.section(child, inner, "", held)
            elif child.raw and (found := self.threshold(name, child, expected=thresholds, held=held)):
                yield found
            elif (child.entries or child.items) and name not in _NO_RULES and inner is None:
                yield from self.anywhere(child, held=held or standing_under(name))

    def threshold(self, name: str, node: Node, *, expected: str, held: str) -> ForeignRule | None:
        """The rule that a key such as `max_val_loss`, or a metric with its bounds, amounts to."""
        claim = never = ""
        if node.entries and (expected or name in self.quantities):
            claim = bounds_claim(name, node)
            never = why_never(node, "", "") if claim else ""
        elif name in self.quantities and _COMPARISON.match(node.text):
            claim = f"{name} {node.text}"
        elif node.raw and _NUMBER.match(node.text) and (found := _AFFIX.fullmatch(name)):
            quantity = found["rest"] or found["stem"]
            if name in self.quantities or not (expected or quantity in self.quantities):
                return None
            sign = SIGNS.get(found["before"] or found["after"], "")
            claim = f"{quantity} {sign} {node.text}" if sign else ""
            never = "" if sign else "a target does not say which side of it is the good one"
        elif expected in _NUMBERS_ARE_LIMITS and _NUMBER.match(node.text):
            never = "it does not say which side of the number is the good one"
        if not (claim or never):
            return None
        shown = f"{name}: {node.text or settings_of(node)}"
        return ForeignRule("", shown, claim, node.first, node.last, cited=shown, never=never or held)
