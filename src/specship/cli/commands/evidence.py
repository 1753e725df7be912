"""Look after the ledger: verify every statement, show one, or make a key pair."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from specship.report.formats import TEXT, TRUST_AUDIT, Display, names, render

HELP = "verify or show statements, make a key, audit what guards them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship evidence`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("verify", help="check digests, signatures and parents of every statement")
    show = actions.add_parser("show", help="print a statement")
    show.add_argument("digest", help="its digest, or the beginning of it")
    audit = actions.add_parser("audit", help="which guards against a false ship-%% are in force here")
    audit.add_argument("--format", choices=names(TRUST_AUDIT), default=TEXT)
    key = actions.add_parser("key", help="write a new private key and print its public half")
    key.add_argument("path", type=Path)


def run(arguments: argparse.Namespace) -> int:
    """0 when all is well, 1 when statements are damaged, unsigned or missing."""
    return {"audit": _audit, "verify": _verify, "show": _show, "key": _key}[arguments.action](arguments)


def _audit(arguments: argparse.Namespace) -> int:
    from specship.specs.project import load_project
    from specship.suite.trust_audit.auditing import audit_trust

    found = audit_trust(load_project(Path.cwd()))
    view = Display(width=shutil.get_terminal_size((120, 24)).columns)
    sys.stdout.write(render(TRUST_AUDIT, arguments.format, found, view))
    return 0


def _verify(_arguments: argparse.Namespace) -> int:
    from specship.evidence.ledger import read_ledger
    from specship.specs.project import load_project
    from specship.status.assess import ledger_problems
    from specship.suite.judging.trust import all_keys

    project = load_project(Path.cwd())
    ledger = read_ledger(project.ledger_folders, keys=all_keys(project))
    unsigned = [entry.digest for entry in ledger.statements if not entry.signers]
    for problem in ledger_problems(ledger):
        print(problem)
    for digest in unsigned:
        print(f"{digest}: no key known here signed it")
    print(f"{len(ledger.statements)} statements read, {len(ledger.damaged)} damaged, "
          f"{len(ledger.holes)} missing, {len(unsigned)} not signed by a known key")  # fmt: skip
    return 1 if ledger.damaged or ledger.holes or unsigned else 0


def _show(arguments: argparse.Namespace) -> int:
    from specship.errors import UnknownName
    from specship.evidence.statement import unseal
    from specship.specs.project import load_project

    project = load_project(Path.cwd())
    paths = [p for folder in project.ledger_folders for p in folder.glob(f"{arguments.digest}*.json")]
    if len(paths) != 1:
        raise UnknownName(
            f"{len(paths)} statements begin with {arguments.digest!r}", mend="give more of the digest"
        )
    opened = unseal(paths[0].read_bytes(), keys=frozenset(), at=paths[0].name)
    facts = opened.evidence.model_dump(mode="json", exclude={"measurement"})
    measurement = opened.evidence.measurement
    print(json.dumps({**facts, "measurement": measurement.as_json() if measurement else None}, indent=2))
    return 0


def _key(arguments: argparse.Namespace) -> int:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from specship.errors import UnusableInput

    private = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(arguments.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise UnusableInput(f"cannot make the key file: {error.strerror}", at=arguments.path) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(private.private_bytes_raw().hex())
    print(private.public_key().public_bytes_raw().hex())
    return 0
