"""From plain values to frozen records: what pydantic complains of, as ours, with place and mend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from specship import bounds
from specship.contracts.document import Document, in_order
from specship.errors import UnknownName, UnreadableDocument, UnusableInput, did_you_mean

Path_ = tuple[str | int, ...]
"""Keys and indices from the root of a document to a value."""
Record = TypeVar("Record", bound=BaseModel)

_KINDS: Final = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
}
_EXAMPLES: Final = (
    ("^GATE-", "GATE-TRAIN-003"),
    ("^AC-", "AC-SHIP2-003"),
    ("^SPEC-", "SPEC-SHIP-TWO-001"),
    ("^fails-", "fails-0123456789ab"),
    ("^https?:", "https://example.org/issues/7"),
    ("^[0-9]{4}-", '"2027-01-31"'),
    ("^[A-Z]", "MODEL-2"),
    ("^[a-z0-9]+", "held-out-loss"),
    ("^(0|", "1.0.0"),
)
_LONGEST_SHOWN: Final = 60


def build(document: Document, record: type[Record], *at: str | int) -> Record:
    """The record that the values at a path describe.

    Raises:
        UnreadableDocument: unknown or missing keys, wrong types or values, and whatever was wrong
            with the text; all are listed.
    """
    built, faults = record_faults(document, record, *at)
    if document.faults or built is None:
        raise UnreadableDocument(in_order([*document.faults, *faults]))
    return built


def record_faults(
    document: Document, record: type[Record], *at: str | int
) -> tuple[Record | None, list[UnusableInput]]:
    """The record that the values at a path describe, or None and everything that is wrong with them."""
    values = document.values
    for step in at:
        values = values[step]
    try:
        return record.model_validate(values, strict=True), []
    except ValidationError as error:
        groups = _by_place(error.errors(), document, at)
        unknown = [loc for loc, details in groups.items() if details[0]["type"] == "extra_forbidden"]
        for loc in unknown:  # a misspelt key is one defect, not also a missing one
            if meant := did_you_mean(str(loc[-1]), _known_at(record, loc[:-1])):
                groups = {
                    other: details
                    for other, details in groups.items()
                    if details[0]["type"] != "missing" or other != (*loc[:-1], meant.split("'")[1])
                }
        faults = [
            _fault(document, record, at, loc, details)
            for loc, details in list(groups.items())[: bounds.YAML_FAULTS]
        ]
        if len(groups) > len(faults):
            more = f"{len(groups) - len(faults)} more defects are not shown"
            faults.append(
                UnusableInput(more, at=document.place(*at), mend="mend these first", code="SHIP102")
            )
        return None, faults


def _by_place(
    details: Iterable[ErrorDetails], document: Document, at: Path_
) -> dict[Path_, list[ErrorDetails]]:
    """Complaints by what they are about: a union reports each of its branches on the same value."""
    found: dict[Path_, list[ErrorDetails]] = {}
    for detail in details:
        loc: Path_ = detail["loc"]
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts the items that are in order
        if loc and loc[-1] == "[key]":
            loc = loc[:-1]
        if detail["type"] not in {"missing", "extra_forbidden"}:
            while loc and not document.exists(*at, *loc):  # the branch of a union stands behind the path
                loc = loc[:-1]
        found.setdefault(loc, []).append(detail)
    return found


def _fault(
    document: Document, record: type[BaseModel], at: Path_, loc: Path_, details: list[ErrorDetails]
) -> UnusableInput:
    path = (*at, *loc)
    detail = details[0]
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(document, record, path, loc)
    if kind == "missing" and isinstance(loc[-1], int):
        return UnusableInput(
            f"{'.'.join(map(str, loc[:-1]))}: a list of more than {loc[-1]} is expected",
            at=document.value_place(*path[:-1]), code="SHIP203",
        )  # fmt: skip
    if kind == "missing":
        return UnusableInput(
            f"key {loc[-1]!r} is missing", at=document.value_place(*path[:-1]), mend="write it here",
            code="SHIP202",
        )  # fmt: skip
    name = ".".join(str(step) for step in loc) or record.__name__.lower()
    place = document.value_place(*path) if detail["loc"][-1:] != ("[key]",) else document.place(*path)
    if kind.startswith("SHIP"):
        context: Mapping[str, Any] = detail.get("ctx", {})
        return UnusableInput(f"{name}: {detail['msg']}", at=place, mend=context.get("mend", ""), code=kind)
    code, message, mend = _in_words(details, loc, document.written(*path))
    return UnusableInput(f"{name}: {message}", at=place, mend=mend, code=code)


def _unknown_key(document: Document, record: type[BaseModel], path: Path_, loc: Path_) -> UnknownName:
    known = _known_at(record, loc[:-1])
    return UnknownName(
        f"unknown key {str(loc[-1])!r}",
        at=document.place(*path),
        why="a key that nobody reads would be a promise that nobody keeps",
        mend=did_you_mean(str(loc[-1]), known) or f"known here: {', '.join(known)}",
        code="SHIP201",
    )


def _known_at(record: type[BaseModel], loc: Path_) -> tuple[str, ...]:
    model = _model_at(record, loc)
    return tuple(model.model_fields) if model else ()


def _shown(value: Any) -> str:
    """A value as it would be written in YAML, cut to a line."""
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


_LIMITS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def _in_words(details: list[ErrorDetails], loc: Path_, written_as: str) -> tuple[str, str, str]:
    """Code, message and mend of complaints about one value."""
    detail = details[0]
    value, context = detail["input"], detail.get("ctx", {})
    shown = written_as if isinstance(value, float) and written_as else _shown(value)
    if detail["type"] in _LIMITS:
        words, key = _LIMITS[detail["type"]]
        return "SHIP205", f"{words} {context[key]:g} is expected, here it is {shown}", ""
    match detail["type"]:
        case "string_pattern_mismatch":
            written = loc[-1] if detail["loc"][-1:] == ("[key]",) else value
            example = next((e for start, e in _EXAMPLES if context["pattern"].startswith(start)), "")
            like = f"is not written like {example}" if example else f"does not match {context['pattern']}"
            return "SHIP204", f"{str(written)!r} {like}", _respelt(str(written), context["pattern"])
        case "literal_error":
            choices = re.findall(r"'([^']*)'", str(context["expected"]))
            listed = ", ".join(choices)
            return "SHIP205", f"{shown} is none of {listed}", did_you_mean(str(value), choices)
        case "string_too_short":
            return "SHIP205", "it is empty", "write it"
        case "too_short":
            return "SHIP205", f"it is empty; at least {context['min_length']} is needed", "write one"
        case "value_error":
            return "SHIP213", _lowered(str(detail["msg"]).removeprefix("Value error, ")), ""
    if all(entry["type"] in _KINDS for entry in details):
        kinds = list(dict.fromkeys(_KINDS[entry["type"]] for entry in details))
        if "a number" in kinds and "a whole number" in kinds:
            kinds.remove("a whole number")
        mend = (
            _as_version(written_as)
            if loc[-1:] in {("version",), ("after",)}
            else _unquoted(value, kinds, written_as)
        )
        return "SHIP203", f"{' or '.join(kinds)} is expected, here it is {shown}", mend
    return "SHIP205", f"{_lowered(detail['msg'])}, here it is {shown}", ""


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _respelt(written: str, pattern: str) -> str:
    """The same id in the case and with the dashes that the pattern asks for, if that mends it."""
    for attempt in (re.sub(r"[\s_]+", "-", written.strip()), written.strip()):
        for spelt in (attempt.upper(), attempt.lower(), f"{attempt}.0", attempt.removeprefix("v")):
            if re.search(pattern, spelt):
                return f"write {spelt!r}"
    return ""


def _as_version(written_as: str) -> str:
    parts = [*written_as.split("."), "0", "0"][:3]
    return f"write {'.'.join(parts)}" if all(part.isdigit() for part in parts) else ""


def _unquoted(value: Any, kinds: list[str], written_as: str) -> str:
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", value) and "a number" in kinds:
        return f"write {value} without quotes"
    if isinstance(value, str) and value in {"true", "false"} and "true or false" in kinds:
        return f"write {value} without quotes"
    if "a list" in kinds and not isinstance(value, dict) and value is not None:
        return f"write [{value}]"
    if kinds == ["a text"] and isinstance(value, int | float):
        return f"quote it: '{written_as or value}'"
    return ""


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {list, tuple, dict, Union, UnionType, Mapping}:
        inner = [_model_in(item) for item in get_args(annotation) if item is not NoneType]
        return next((model for model in reversed(inner) if model), None)
    return None


def _model_at(record: type[BaseModel], path: Path_) -> type[BaseModel] | None:
    model: type[BaseModel] | None = record
    for step in path:
        if model is not None and isinstance(step, str) and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation)
    return model
