"""Print the JSON Schema of a document that specship reads or writes."""

from __future__ import annotations

import argparse

from specship.cli.streams import document

HELP = "JSON Schema of contract, spec, profile, amendment, waiver, report, review, gate or next"
KINDS = ("contract", "spec", "profile", "amendment", "waiver", "report", "review", "gate", "next")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship schema`."""
    parser.add_argument("kind", choices=KINDS)
    parser.set_defaults(format="json")


def run(arguments: argparse.Namespace) -> int:
    """Always 0: the schema is made from the records themselves."""
    from specship.report.schema.documents import schema_text

    document(schema_text(arguments.kind))
    return 0
