"""Lint of a whole project: what cannot be read, what binds to nothing, and what the rules find.

What is heavy is imported only where there is something to compute: an answer that is recalled comes
from plain JSON.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from specship.digests import sha256_bytes
from specship.errors import UnusableInput
from specship.lint.finding import LintResult
from specship.lint.memory import keep, key_of, recalled
from specship.settings_file import FILE, find_table

if TYPE_CHECKING:
    from specship.contracts.document import Document
    from specship.lint.view import View
    from specship.specs.binding import Known
    from specship.specs.project import Survey

_MOST_ROUNDS: Final = 10
"""Fixing one thing can bring another to light; each round makes the files shorter or more regular."""


class Question(NamedTuple):
    """What is asked of lint."""

    start: Path
    """A folder in the project."""
    paths: tuple[str, ...] = ()
    """Only findings in these files and folders; everything is read all the same."""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def lint(question: Question, *, cache: bool = True) -> LintResult:
    """Every finding of a project, by place.

    Raises:
        UnusableInput: there is no project, its settings have faults, a code or path is unknown, or the
            report of an untrained model cannot be read.
    """
    start = question.start
    told = (str(start), _today().isoformat(), *_held_keys(start), *_flip_rate_digests(start))
    options = (question.paths, question.select, question.ignore, told)
    key = key_of(question.start, *options) if cache else None
    result = recalled(key)
    if result is None:
        result, _, _ = _computed(question)
        keep(question.start, key, result, *options)
    return result


def _today() -> date:
    """The day in UTC: waivers end, so that an answer is recalled on its own day only."""
    return datetime.now(UTC).date()


def lint_and_fix(question: Question) -> LintResult:
    """Mend what can be mended safely, and return what is left and how much was mended.

    Raises:
        UnusableInput: as `lint`.
        CannotWrite: a file refuses the write.
    """
    from specship.lint.fixing import fix

    result, documents, root = _computed(question)
    before = len(result.findings)
    for _ in range(_MOST_ROUNDS):
        if not result.fixable or not fix(result.findings, documents, root):
            break
        result, documents, root = _computed(question)
    return result._replace(fixed=max(before - len(result.findings), 0))


def _computed(question: Question) -> tuple[LintResult, tuple[Document, ...], Path]:
    from specship.lint.running import fault_findings, rule_findings
    from specship.lint.silencing import RuleChoice, check_codes
    from specship.specs.project import survey_project
    from specship.suite.plan.plan import all_faults
    from specship.suite.plan.vocabulary import known_names

    survey = survey_project(question.start)
    choice = RuleChoice(survey.configuration.lint, question.select, question.ignore)
    check_codes(choice)
    known = known_names(survey.root, survey.configuration)
    faults = all_faults(survey, known)
    view = _view(survey, known, whole=not faults)
    every = fault_findings([*faults, *_refused_keys(survey)], survey.root)
    documents = tuple(_documents(survey))
    read = _files(survey, documents) | {finding.path for finding in every}
    wanted = _wanted(question, survey.root, read)
    found, silenced, ignored = rule_findings(view, choice, wanted)
    shown = sorted(
        {*found, *(finding for finding in every if wanted(finding.path))}, key=lambda finding: finding.order
    )
    result = LintResult(sum(map(wanted, read)), tuple(shown), silenced, ignored)
    return result, documents, survey.root


def _held_keys(start: Path) -> Iterator[str]:
    """Digests of the files that say which keys no release believes; no other answer depends on them."""
    table = find_table(start.resolve())
    for name in (".specship/keys/local.ed25519", "evidence/arming/keys.txt"):
        path = table.root / name if table else None
        yield sha256_bytes(path.read_bytes()) if path and path.is_file() else ""


def _flip_rate_digests(start: Path) -> Iterator[str]:
    """Digests of the records that say how noisy figures are."""
    table = find_table(start.resolve())
    folder = table.root / "evidence" / "flip-rates" if table else None
    for path in sorted(folder.glob("GATE-*.json")) if folder else ():
        yield sha256_bytes(path.read_bytes()) if path.is_file() else ""


def _refused_keys(survey: Survey) -> Iterator[UnusableInput]:
    """Keys that are trusted with releases and that no release believes."""
    from specship.evidence.keys.keyring import KeyRing, arming_keys
    from specship.evidence.signing import local_public_key

    entries = {entry.public: entry for entry in survey.configuration.trusted_keys}
    if not entries:
        return
    own = local_public_key(survey.root / ".specship")
    for told in KeyRing(entries, own, arming_keys(survey.root / "evidence" / "arming")).refused():
        what, why, mend = (line.split(":  ", 1)[-1].removeprefix("  mend: ") for line in told.splitlines())
        yield UnusableInput(what, at=FILE, why=why, mend=mend, code="SHIP205")


def _view(survey: Survey, known: Known, *, whole: bool) -> View:
    from specship.evidence.flip_rates import repeated_figures
    from specship.faults.catalogue import planted_faults
    from specship.lint.untrained import read_untrained
    from specship.lint.view import View

    shown = survey.configuration.lint.untrained
    untrained = read_untrained(survey.root / shown, shown=shown) if shown else {}
    folder = survey.configuration.faults
    planted = planted_faults(survey.root / folder if folder else None)
    waivers = survey.waivers
    repeated = repeated_figures(survey.root / "evidence" / "flip-rates")
    return View(survey.contracts, survey.spec, known, untrained, planted, whole, waivers, _today(), repeated)


def _documents(survey: Survey) -> Iterator[Document]:
    yield from (file.document for file in survey.contracts)
    if survey.spec is not None:
        yield survey.spec.document
        yield from survey.spec.profile_documents.values()
    yield from (file.document for file in survey.waivers)


def _files(survey: Survey, documents: Iterable[Document]) -> set[str]:
    """Paths of what was read; an amendment is named by its file."""
    folder = f"{survey.configuration.spec}/amendments"
    names = survey.spec.amendments if survey.spec is not None else ()
    return {document.path for document in documents} | {f"{folder}/{name}" for name in names}


def _wanted(question: Question, root: Path, read: set[str]) -> Callable[[str], bool]:
    """Whether a file was asked for.

    Raises:
        UnusableInput: a path does not exist, or nothing that is read lies there.
    """
    if not question.paths:
        return lambda _: True
    beginnings = []
    for given in question.paths:
        path = Path(os.path.abspath(question.start / given))  # noqa: PTH100 - a link stays what it is called
        inside = path if path.is_relative_to(root) else path.resolve()
        if not path.exists():
            raise UnusableInput("there is no such file or folder", at=given, mend="name one that is there")
        name = inside.relative_to(root).as_posix() if inside.is_relative_to(root) else None
        matched = name is not None and any(_under(file, name) for file in read)
        if name is None or not matched:
            raise UnusableInput(
                "nothing that lint reads lies there", at=given,
                why="a path that matches nothing would look like a clean one",
                mend="name a contract, a file of the spec, or a folder of them",
            )  # fmt: skip
        beginnings.append(name)
    return lambda file: any(_under(file, name) for name in beginnings)


def _under(file: str, name: str) -> bool:
    return name in {".", file} or file.startswith(f"{name}/")
