"""Write the next amendment of the spec, prefilled from what the working tree changes; or check one.

On a terminal it asks; elsewhere it takes everything by options. Version and file name are allocated.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specship.cli.streams import document

if TYPE_CHECKING:
    from specship.amend.drafting import AmendmentWish
    from specship.amend.findings import AmendmentFinding
    from specship.specs.project import Project

HELP = "the next amendment of the spec, prefilled from the change; --check holds it against the diff"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship amend`."""
    many: dict[str, Any] = {"action": "append", "default": []}
    pair: dict[str, Any] = {**many, "type": _pair, "metavar": "ID=TEXT"}
    parser.add_argument("--why", metavar="SENTENCE", help="what made the change necessary")
    parser.add_argument(
        "--bump", choices=("major", "minor", "patch"), help="default: what the change demands"
    )
    parser.add_argument("--change", **pair, help="what is different from now on; else in the review's words")
    parser.add_argument("--lesson", **many, metavar="SENTENCE", help="what to remember next time")
    parser.add_argument(
        "--five-why", **many, metavar="SENTENCE", help="the chain of causes, from the symptom down"
    )
    parser.add_argument("--recommend", **many, metavar="SENTENCE", help="advice; ids in it bind it")
    parser.add_argument("--resolve", **pair, help="a recommendation, and the gate or statement that shows it")
    parser.add_argument("--supersede", **pair, help="a recommendation, and the amendment that replaces it")
    parser.add_argument("--audit", **many, type=Path, metavar="FILE", help="take in a Markdown list or SARIF")
    parser.add_argument(
        "--bind", **{**pair, "metavar": "N=ID"}, help="bind finding N of the audit to a gate or criterion"
    )
    parser.add_argument(
        "--base", metavar="REVISION", help="what the working tree is held against (default: HEAD)"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; hold the new amendments against the diff"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the amendment instead of writing it")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form ID=TEXT")
    return key, value


def run(arguments: argparse.Namespace) -> int:
    """0 when it was written, or agrees with the diff; 1 when both do not agree, and nothing was written."""
    from specship.amend.against import against, findings_of, has_commits
    from specship.amend.drafting import changes_to_name, draft_amendment
    from specship.review.records import Review
    from specship.specs.project import load_project
    from specship.suite.scaffold.placing import place

    project = load_project(Path.cwd())
    compared = arguments.base or arguments.check or has_commits(Path.cwd())
    held = against(Path.cwd(), project, arguments.base or "HEAD") if compared else None
    found = held.review if held else Review(base="", head="", base_commit="")
    added = held.added if held else {}
    if arguments.check:
        return _told(findings_of(project, found, added), arguments.format)
    named = [change.id for amendment, _ in added.values() for change in amendment.changes]
    wish = _wish(arguments, project, changes_to_name(found, named))
    drafted = draft_amendment(project, wish, found, added)
    whole = {**added, drafted.name: (drafted.amendment, drafted.document)}
    if held and (wrong := findings_of(project, found, whole)):
        return _told(wrong, arguments.format)
    if not arguments.dry_run:
        place(project.root, [drafted.draft])
    if arguments.format == "json":
        told = {
            "path": drafted.draft.path,
            "bump": drafted.amendment.bump,
            "after": drafted.before,
            "version": drafted.version,
            "amendment": drafted.amendment.model_dump(mode="json"),
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
    elif arguments.dry_run:
        document(drafted.draft.text)
    else:
        print(f"wrote {drafted.draft.path}\n{project.spec.spec.spec_id} {drafted.before} → {drafted.version}")
    return 0


def _told(own: tuple[AmendmentFinding, ...], form: str) -> int:
    if form == "json":
        print(json.dumps({"findings": [one.model_dump() for one in own]}, indent=2, ensure_ascii=False))
    else:
        print(*own, sep="\n", end="\n" if own else "")
        many = "finding" if len(own) == 1 else "findings"
        print(f"{len(own)} {many}" if own else "the amendments say what the diff does")
    return 1 if own else 0


def _wish(given: argparse.Namespace, project: Project, moved: dict[str, str]) -> AmendmentWish:
    from specship.amend.audit_files import advice_bound, read_audit
    from specship.amend.drafting import AmendmentWish, Closing

    gates = (gate.id for file in project.contracts for gate in file.contract.gates)
    known = {*project.spec.criteria, *gates}
    bound = _bound(given.bind)
    audits = [one for path in given.audit for one in read_audit(path, known, bound)]
    audited = ", ".join(path.name for path in given.audit)
    why = given.why or (f"An audit from outside: {audited}." if audits else "")
    if not why and sys.stdin.isatty():
        _ask(given, moved)
        why = given.why or ""
    return AmendmentWish(
        why=why,
        bump=given.bump,
        changes=dict(given.change),
        five_whys=tuple(given.five_why),
        lessons=tuple(given.lesson),
        given=(*(advice_bound(text, known) for text in given.recommend), *audits),
        closed=(
            *(Closing(name, "RESOLVED", pointer) for name, pointer in given.resolve),
            *(Closing(name, "SUPERSEDED", pointer) for name, pointer in given.supersede),
        ),
    )


def _bound(pairs: list[tuple[str, str]]) -> dict[int, tuple[str, ...]]:
    from specship.errors import UnusableInput

    found: dict[int, tuple[str, ...]] = {}
    for number, name in pairs:
        if not (number.isascii() and number.isdigit() and len(number) < 7):
            raise UnusableInput(
                f"--bind {number}={name}: {number!r} is no number of a finding",
                mend="number the findings as `specship amend --audit FILE --dry-run` lists them, from 1",
            )
        found[int(number)] = (*found.get(int(number), ()), name)
    return found


def _ask(given: argparse.Namespace, moved: dict[str, str]) -> None:
    """Ask a person for what no option said; an empty line takes what is proposed, or ends a list."""
    given.why = _answer("What made it necessary? ")
    said = dict(given.change)
    for identity, what in moved.items():
        if identity not in said and (other := _answer(f"{identity} [{what}] ")):
            said[identity] = other
    given.change = list(said.items())
    given.lesson = _asked("A lesson", given.lesson)
    given.five_why = _asked("Why, and why that, from the symptom down", given.five_why)
    given.recommend = _asked("A recommendation", given.recommend)


def _asked(question: str, answers: list[str]) -> list[str]:
    found = [*answers]
    while answer := _answer(f"{question} (empty: none, or no more): "):
        found.append(answer)
    return found


def _answer(question: str) -> str:
    """What a person types, or nothing at the end of the input; questions go to standard error."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
