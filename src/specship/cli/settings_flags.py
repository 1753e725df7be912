"""Settings on the command line: one flag a field of a record, a YAML file below, the defaults last."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from specship.contracts.building import build, record_faults
from specship.contracts.document import Document, in_order, read_document
from specship.errors import UnknownName, UnreadableDocument, UnusableInput, did_you_mean
from specship.pipeline.stage import Settings
from specship.report.schema.settings import UNWRITTEN, attribute_docstrings, sections

Record = TypeVar("Record", bound=Settings)


def add_settings(
    parser: argparse.ArgumentParser, section: str, record: type[BaseModel], *, leave_out: tuple[str, ...] = ()
) -> None:
    """A flag for each setting of a section; what is not given stays as the file or the default has it."""
    group = parser.add_argument_group(f"settings: {section}")
    written = {**UNWRITTEN.get(section, {}), **attribute_docstrings(record)}
    schema = record.model_json_schema()["properties"]
    for name, field in record.model_fields.items():
        if name not in leave_out:
            about = " ".join(written.get(name, "").split())
            listed = schema[name].get("type") == "array"
            group.add_argument(
                f"--{name.replace('_', '-')}",
                dest=f"{section}.{name}",
                default=argparse.SUPPRESS,
                nargs="+" if listed else None,
                metavar=name.upper() if listed else "VALUE",
                help=f"{about} (default: {field.get_default()})".replace("%", "%%").strip(),
            )


class SettingsSource:
    """What a command line and a file say of the settings."""

    def __init__(self, arguments: argparse.Namespace, file: Path | None) -> None:
        """Read the file.

        Raises:
            UnreadableDocument, UnusableInput: it is no YAML within bounds, or has an unknown section.
        """
        self._given = vars(arguments)
        self._document = read_document(file) if file is not None else None
        if self._document is not None:
            _check_sections(self._document)

    def read(self, section: str, record: type[Record], **defaults: Any) -> Record:
        """The record of a section: flags, then the file, then `defaults`, then the record's own.

        Raises:
            UnreadableDocument, UnusableInput: a value that the record does not take.
        """
        flags = {
            name: _value(record, name, self._given[f"{section}.{name}"])
            for name in record.model_fields
            if f"{section}.{name}" in self._given
        }
        filed = self._filed(section)
        if self._document is not None and section in self._document.values and not flags and not defaults:
            return build(self._document, record, section)
        try:
            return record.model_validate({**defaults, **filed, **flags}, strict=True)
        except ValidationError as error:
            raise UnreadableDocument(
                [self._fault(section, flags, detail) for detail in error.errors()]
            ) from error

    def says(self, section: str, name: str) -> bool:
        """Whether a flag or the file sets something."""
        return f"{section}.{name}" in self._given or name in self._filed(section)

    def _filed(self, section: str) -> dict[str, Any]:
        values = self._document.values.get(section) if self._document is not None else None
        return values if isinstance(values, dict) else {}

    def _fault(self, section: str, flags: Mapping[str, Any], detail: Any) -> UnusableInput:
        name = str(detail["loc"][0]) if detail["loc"] else ""
        message = str(detail["msg"]).removeprefix("Value error, ")
        if name in flags:
            return UnusableInput(f"--{name.replace('_', '-')} {flags[name]!r}: {message}")
        if self._document is not None and name in self._filed(section):
            return UnusableInput(f"{section}.{name}: {message}", at=self._document.value_place(section, name))
        return UnusableInput(f"{section}{'.' + name if name else ''}: {message}")


def _check_sections(document: Document) -> None:
    known = sections()
    values = document.values
    faults: list[UnusableInput] = list(document.faults)
    if not isinstance(values, dict):
        faults.append(
            UnusableInput(
                "sections of settings are expected",
                at=document.place(),
                mend="write each section as `NAME: {setting: value}`",
            )
        )
        values = {}
    for name, section in values.items():
        if name not in known:
            mend = did_you_mean(name, known) or f"the sections are {', '.join(known)}"
            faults.append(UnknownName(f"no section is called {name!r}", at=document.place(name), mend=mend))
        elif not isinstance(section, dict):
            faults.append(
                UnusableInput(
                    f"{name}: a mapping of keys is expected",
                    at=document.value_place(name),
                    mend="write its settings below it, one `setting: value` a line",
                )
            )
        else:
            faults += record_faults(document, known[name], name)[1] if name not in _COMPLETED else []
    if faults:
        raise UnreadableDocument(in_order(faults))


_COMPLETED = {"corpus", "training"}
"""Sections that a command completes before they are whole: where the text is, and the mode."""


def _value(record: type[BaseModel], name: str, text: str | list[str]) -> Any:
    """A flag's text as the field takes it: text for texts, else a number, truth value or null."""
    if isinstance(text, list):
        return tuple(text)
    schema = record.model_json_schema()["properties"][name]
    kinds = {part.get("type") for part in [schema, *schema.get("anyOf", ())]}
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    if "string" in kinds:
        return None if text == "null" and "null" in kinds else text
    try:
        return json.loads(text)
    except ValueError:
        return text
