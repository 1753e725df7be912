"""Look after what is signed: keys, releases, statements, and what guards them."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from specship.cli.signing_options import add_signing_key, signing_key
from specship.cli.streams import document, verdicts
from specship.report.formats import STATEMENTS, TEXT, TRUST_AUDIT, Display, names, render, write_pieces

HELP = "sign a release, make its key, verify and show what is signed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship evidence`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="every statement: signer, order, lineage, whether it counts")
    show = actions.add_parser("show", help="one statement: who signed it, whether it counts, what it says")
    mend = actions.add_parser("mend", help="complete a ledger that is not whole, or begin a new one")
    mend.add_argument(
        "--from", dest="sources", type=Path, action="append", default=[], metavar="FOLDER",
        help="a ledger that has what is missing here, such as OTHER/.specship/ledger; may be repeated",
    )  # fmt: skip
    mend.add_argument(
        "--anew", action="store_true", help="set a ledger aside that stays broken, and measure again"
    )
    pack = actions.add_parser("pack", help="put committed statements of closed versions into one file each")
    pack.add_argument("--dry-run", action="store_true", help="say what would be packed, and do nothing")
    show.add_argument("digest", help="its digest, or the beginning of it")
    for action in (verify, show):
        action.add_argument("--format", choices=names(STATEMENTS), default=TEXT)
    audit = actions.add_parser("audit", help="which guards against a false ship-%% are in force here")
    audit.add_argument("--format", choices=names(TRUST_AUDIT), default=TEXT)
    new = actions.add_parser(
        "keygen",
        aliases=["key"],
        help="write a new private key outside of the checkout, print what trusts it",
    )
    new.add_argument("path", type=Path, help="a new file in no checkout")
    sign = actions.add_parser("sign", help="measure a release again and sign it; or sign a publication")
    new.add_argument(
        "--publication",
        action="store_true",
        help="a key for publish folders: P-256, in PEM",
    )
    sign.add_argument(
        "--publication",
        type=Path,
        metavar="DIR",
        help="sign a publish folder instead, with a key in PEM",
    )
    sign.add_argument("--profile", help="a profile of kind release; each of them where none is named")
    add_signing_key(sign)


def run(arguments: argparse.Namespace) -> int:
    """0 when all is well, 1 when statements are damaged, unsigned or missing."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("evidence")
    actions = {"audit": _audit, "verify": _verify, "show": _show, "sign": _sign, "mend": _mend, "pack": _pack}
    return actions.get(arguments.action, _keygen)(arguments)


def _audit(arguments: argparse.Namespace) -> int:
    from specship.specs.project import load_project
    from specship.suite.trust_audit.auditing import audit_trust

    found = audit_trust(load_project(Path.cwd()))
    view = Display(width=shutil.get_terminal_size((120, 24)).columns)
    sys.stdout.write(render(TRUST_AUDIT, arguments.format, found, view))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from specship.specs.project import load_project
    from specship.suite.explain.statements import check_statements

    found = check_statements(load_project(Path.cwd()))
    write_pieces(
        STATEMENTS,
        arguments.format,
        found,
        lambda piece: sys.stdout.write(verdicts(piece, arguments.format)),
    )
    return 1 if found.problems or found.unsigned else 0


def _mend(arguments: argparse.Namespace) -> int:
    from specship.evidence.upkeep.mending import mend_ledger
    from specship.specs.project import load_project
    from specship.status.assess import ledger_problems
    from specship.wording import counted

    project = load_project(Path.cwd())
    done = mend_ledger(project.state, project.ledger_folders, arguments.sources, anew=arguments.anew)
    taken = counted(done.taken_over, "entry", "entries")
    print(f"{counted(done.swept, 'temporary file')} swept, {taken} taken over")
    for path in done.set_aside:
        print(f"set aside: {path.relative_to(project.root)}")
    for problem in ledger_problems(done.ledger):
        print(problem)
    if arguments.anew:
        print("nothing here speaks for a gate now: `pytest -m ship` measures again")
    elif not done.ledger.flaws:
        print(f"the ledger is whole: {counted(len(done.ledger.entries), 'entry', 'entries')}")
    return 1 if done.ledger.flaws else 0


def _pack(arguments: argparse.Namespace) -> int:
    from specship.evidence.upkeep.packing import pack_ledger
    from specship.specs.project import load_project
    from specship.wording import counted

    project = load_project(Path.cwd())
    done = pack_ledger(
        project.evidence_folder,
        project.root / project.configuration.spec / "amendments",
        {step.name: step.version for step in project.spec.history.steps},
        dry=arguments.dry_run,
    )
    verb = "would be packed" if arguments.dry_run else "packed"
    for one in done:
        files = f"{one.version}: {counted(one.files, 'file')}"
        print(f"{files}, {one.size} bytes {verb}: {one.pack.relative_to(project.root)}")
        if one.left:
            print(f"{one.version}: left as they are, since the pack is full: {counted(one.left, 'file')}")
    if not done:
        print(f"nothing to pack: no committed statement is of a version before {project.spec.version}")
    elif not arguments.dry_run:
        print(f"commit them: git add -A {project.evidence_folder.name}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from specship.report.statements.text import told
    from specship.specs.project import load_project
    from specship.suite.explain.statements import find_statement, payload_of

    project = load_project(Path.cwd())
    found = find_statement(project, arguments.digest)
    payload = payload_of(project, found)
    if arguments.format == TEXT:
        print(verdicts("\n".join(told(found)), TEXT))
        print(f"    machine  {found.environment}\n    file     {found.path}")
        document(f"{json.dumps(payload, indent=2)}\n")
    else:
        print(json.dumps({**found.model_dump(mode="json"), "payload": payload}, indent=2))
    return 0


def _keygen(arguments: argparse.Namespace) -> int:
    from specship.evidence.keys.signing_keys import new_key
    from specship.specs.trusted_keys import entry_to_paste

    if arguments.publication:
        from specship.pipeline.publication.model_signature import new_publication_key

        public = new_publication_key(arguments.path)
        print(f"# the private half is in {arguments.path}; publish this one", file=sys.stderr)
        document(public)
        return 0
    key = new_key(arguments.path)
    print(f"# the private half is in {arguments.path}: keep it out of every checkout, and keep a copy")
    print("# commit this in pyproject.toml; it counts from the next merge on")
    document(entry_to_paste(key.public))
    return 0


def _sign(arguments: argparse.Namespace) -> int:
    from specship.specs.project import load_project
    from specship.suite.judging.release_signing import sign_releases
    from specship.wording import counted

    if arguments.publication is not None:
        return _sign_publication(arguments)
    project = load_project(Path.cwd())
    key = signing_key(arguments, project)
    done = sign_releases(
        project, key, arguments.profile, lambda text: print(text, file=sys.stderr, flush=True)
    )
    for gate in done.gates:
        print(f"signed      {gate}")
    for gate in done.kept:
        print(f"as it was   {gate}")
    for gate, reason in {**done.beyond, **done.left}.items():
        print(f"not signed  {gate}: {reason}")
    if done.written:
        files = counted(len(done.written), "file")
        print(f"{files} to commit: git add {project.evidence_folder.name}")
    return 1 if done.left else 0


def _sign_publication(arguments: argparse.Namespace) -> int:
    from specship.errors import UnusableInput
    from specship.pipeline.publication.model_signature import sign_publication

    if arguments.key is None or arguments.agent is not None or arguments.profile is not None:
        raise UnusableInput(
            "a publish folder is signed with a key in PEM",
            why="tools for signed models take elliptic-curve keys, not those of evidence",
            mend="--key FILE; make one: specship evidence keygen --publication FILE",
        )
    print(sign_publication(arguments.publication, arguments.key))
    return 0
