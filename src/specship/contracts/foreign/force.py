"""Whether a rule of theirs is in force: how authors say that it no longer is, or not yet.

A mark may stand at the rule, at a section above it or at the head of the file. Where a mark could
switch a rule off and nobody can tell, the rule is taken for one that is off: an UNBOUND gate says so
and asks for nothing, and a bound one would judge by what its author took back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

from specship.contracts.foreign.tree import Node
from specship.contracts.foreign.words import one_line, shortened

_OUT: Final = (
    r"deprecat(?:ed|ion)|superseded|obsoleted?|retired|withdrawn|disabled?|skip(?:ped)?|replaced|removed"
    r"|suspended|paused|inactive|draft|proposed|rejected|archived|expired|cancell?ed|abandoned|ignored?"
    r"|xfail(?:ed)?|quarantined?|flaky|muted|wip|todo|tbd|sunset|experimental|planned|pending|postponed"
    r"|deferred|dropped|off|work[ _-]in[ _-]progress|on[ _-]hold|not[ _-](?:yet|in[ _-]force|enforced|active)"
)
_OUT_WORD: Final = re.compile(rf"(?<![a-z0-9])(?:{_OUT})(?![a-z0-9])", re.IGNORECASE)
"""A word that takes a rule back, wherever a status or a heading says it."""
_OFF_KEY: Final = re.compile(
    rf"(?:is_)?(?:{_OUT})(?:_(?:by|in|at|on|since|from|date|reason|if|when|unless|version|note|message|because))?"
)
"""A key that takes a rule back by having any value but a false one."""
_POINTER_KEY: Final = re.compile(r"successor|replacement|moved_to|merged_into|use_instead|see_instead")
_ON_KEY: Final = re.compile(
    r"(?:is_)?(?:enabled?|active|activated|in_force|in_effect|enforced?|applicable|required|mandatory)"
)
"""A key that keeps a rule in force by a true value, and by no other."""
_END_KEY: Final = re.compile(
    r"expire[sd]?(?:_(?:at|on|after|date))?|expiry(?:_date)?|expiration(?:_date)?|best_before|not_after"
    r"|(?:valid|effective|active|enforced|in_force)_(?:until|till|to|through)|until|till"
    r"|sunset(?:_(?:at|on|date))?|end_date|ends?_(?:at|on)|eol|end_of_life(?:_date)?"
)
_START_KEY: Final = re.compile(
    r"(?:valid|effective|active|enforced|in_force)_(?:from|on|at|date|since)|effective|not_before|start_date"
    r"|starts?_(?:at|on)|begins?_(?:at|on)|activation_date"
)
_STATUS_KEY: Final = re.compile(r"(?:rule_|gate_|contract_)?(?:status|state|lifecycle)(?:_(?:status|state))?")
_IN_FORCE: Final = re.compile(
    r"accepted|active|adopted|agreed|approved|binding|complete|completed|current|discharged|done|effective"
    r"|enabled|enforced|enforcing|fail|failed|failing|final|ga|green|implemented|in[ _-](?:force|effect|use)"
    r"|live|mandatory|merged|normative|official|ok|on|pass|passed|passing|prod|production|proved|proven"
    r"|published|ratified|ready|red|released|required|satisfied|shipped|stable|tested|true|valid|validated"
    r"|verified|yes",
    re.IGNORECASE,
)
"""What a status says of a rule that holds; whatever else it says is not known to."""
_FALSE: Final = frozenset({"", "false", "no", "off", "n", "f", "0", "none", "null", "never", "n/a"})
_TRUE: Final = frozenset({"true", "yes", "on", "y", "t", "1", "always", "all"})
_PLAIN_TRUTH: Final = frozenset({"true", "false", "yes", "no", "on", "off"})
_HARMLESS: Final = frozenset(
    {"ship_blocking", "blocking", "blocker", "blocks_ship", "release_blocking", "critical", "case_sensitive"}
)
"""Truth values that say how a rule is held, and not whether."""
_HARMLESS_WHEN_TRUE: Final = frozenset(
    {"verified", "tested", "proved", "proven", "implemented", "automated", "measured", "reviewed", "approved"}
)
_ABOUT: Final = frozenset(
    {"metadata", "meta", "contract", "info", "about", "header", "annotations", "attributes", "governance"}
)
"""Where a rule, a section or a file speaks of itself."""
_HEADINGS: Final = ("id", "gate_id", "name", "title")
_DATE: Final = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[Tt ].*)?")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FEW_WORDS: Final = 4
_CLAIMS: Final = re.compile(r"[0-9_<>=≤≥]")
"""What a comparison has, and a mere word has not."""


def why_out_of_force(node: Node, *, rule: bool = True) -> str:
    """What keeps a rule from being in force, or may; the empty string where nothing does.

    `rule` is whether the mapping is a rule itself: of a section, or the head of a file, a truth value
    under a key of unknown meaning is about something else.
    """
    marks = ((_spelt(key), key, child) for key, child in node.entries.items())
    reasons = (_reason(name, one_line(key), child, rule=rule) for name, key, child in marks)
    return next(filter(None, (*_of_heading(node), *reasons)), "") if rule else next(filter(None, reasons), "")


def _of_heading(node: Node) -> Iterator[str]:
    for key in _HEADINGS:
        if found := _OUT_WORD.search(node.first_text(key)):
            yield f"its {key} says {found[0].lower()!r}"


def _spelt(key: str) -> str:
    """A key as the tables have it: `supersededBy` and `Superseded-By` are `superseded_by`."""
    return re.sub(r"[\s-]+", "_", _CAMEL.sub("_", one_line(key))).lower()


def _reason(name: str, key: str, child: Node, *, rule: bool) -> str:
    if name in _ABOUT and child.entries:
        return why_out_of_force(child, rule=False)
    told, text = f"{key} is {shortened(_value(child), 60)!r}", child.text.lower()
    if _STATUS_KEY.fullmatch(name):
        known = not _value(child) or (_IN_FORCE.fullmatch(text) and not _OUT_WORD.search(text))
        return "" if known else f"its own status is {shortened(_value(child), 60)!r}"
    if _START_KEY.fullmatch(name) and child.text:
        return _of_date(child.text, told, ended=False)
    if _END_KEY.fullmatch(name) and text not in _FALSE and not (child.items or child.entries):
        return _of_date(child.text, told, ended=True)
    if _OFF_KEY.fullmatch(name) or _POINTER_KEY.fullmatch(name):
        return f"it is not in force: {told}" if _given(child) else ""
    return _switched_off(name, child, told, rule=rule)


def _switched_off(name: str, child: Node, told: str, *, rule: bool) -> str:
    """What a truth value, or a word under any other key, says or may say."""
    text = child.text.lower()
    if _ON_KEY.fullmatch(name) and child.raw and text not in _TRUE:
        return f"it is switched off: {told}" if text in _FALSE else f"it may be switched off: {told}"
    if any(_takes_back(one) for one in (child, *child.items)):
        return f"it may be out of force: {told}"
    if rule and text in _PLAIN_TRUTH and not _harmless(name, text):
        return f"nobody here knows what a key means that may switch it off: {told}"
    return ""


def _given(child: Node) -> bool:
    """Whether a key has any value but a false one."""
    return bool(child.items or child.entries) or child.text.lower() not in _FALSE


def _takes_back(child: Node) -> bool:
    """Whether a value is little more than a word that takes a rule back, as a tag or a phase is."""
    text = child.text
    return (
        len(text.split()) <= _FEW_WORDS
        and text.lower() not in _PLAIN_TRUTH
        and not _CLAIMS.search(text)
        and _OUT_WORD.match(text) is not None
    )


def _harmless(name: str, text: str) -> bool:
    known = _ON_KEY.fullmatch(name) is not None or name in _HARMLESS_WHEN_TRUE
    return name in _HARMLESS or (known and text in _TRUE)


def _value(child: Node) -> str:
    return child.text or one_line(", ".join(text for text in child.texts() if text))


def _of_date(text: str, told: str, *, ended: bool) -> str:
    """What a first or a last day says today; a day that cannot be read may be over, or yet to come."""
    found = _DATE.fullmatch(text)
    year, month, day = ((int(part) if part else None) for part in found.groups()) if found else (None,) * 3
    try:
        stated = (year, month or 1, day or 1)
        date(*stated)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return f"it may be over: {told}" if ended else f"it may not have begun: {told}"
    now = datetime.now(UTC).date()
    today = (now.year, now.month if month else 1, now.day if day else 1)
    if ended:
        return f"it has ended: {told}" if stated < today else ""
    return f"it has not begun: {told}" if stated > today else ""
