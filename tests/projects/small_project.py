"""A small project with a real corpus stage and probes of its own, for tests of the faces."""

import json
from pathlib import Path
from typing import Any

import jsonschema

from specship.evidence.ledger import read_ledger
from specship.evidence.statement import Opened
from specship.report.schema.documents import schema_of

SPEC = """\
spec_id: SPEC-SMALL
title: A small spec
models:
  - id: MODEL-1
    title: A small model
    criteria:
      - {id: AC-SMALL-001, statement: It has text., weight: 60, because: b, effort: {gpu_hours: 0, person_hours: 1}}
      - {id: AC-SMALL-002, statement: It is good., weight: 30, because: b, effort: {gpu_hours: 0, person_hours: 1}}
      - {id: AC-SMALL-003, statement: It is known., weight: 10, because: b, effort: {gpu_hours: 0, person_hours: 1}}
"""
PROFILE = """\
profile: rehearsal
kind: rehearsal
summary: Seconds on a CPU.
pipeline:
  MODEL-1:
    corpus: {source: folder, path: texts, licence: Apache-2.0, heldout_fraction: 0.2}
"""
RELEASE = """\
profile: release
kind: release
summary: The real thing.
pipeline:
  MODEL-1:
    corpus: {source: folder, path: texts, licence: Apache-2.0, heldout_fraction: 0.2}
"""
AMENDMENT = """\
bump: major
after: 0.0.0
why: It begins.
changes: [{id: MODEL-1, what: A model.}]
"""
CONTRACT = """\
contract_id: small
version: 1.0.0
stage: corpus
summary: What a small corpus must be.
gates:
  - id: GATE-SMALL-001
    rule: The corpus has documents.
    binds_to: [AC-SMALL-001]
    ship_blocking: true
    probe: small.documents
    expect:
      documents: {at_least: 10, unit: documents}
  - id: GATE-SMALL-002
    rule: The corpus is large.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: small.documents
    expect:
      characters: {at_least: 100, unit: characters}
  - id: GATE-SMALL-003
    rule: Somebody will say how to measure it.
    binds_to: [AC-SMALL-003]
    ship_blocking: true
"""
PROBES = '''\
"""Probes of the small project."""

import json
import os
import signal

from specship.probes.probe import Artifact, probe


@probe("small.documents", checked="documents", documents="documents", characters="characters")
def documents(corpus: Artifact):
    lines = (corpus.path / "train.jsonl").read_text().splitlines()
    return {"documents": len(lines), "characters": sum(len(json.loads(line)["text"]) for line in lines)}


@probe("small.broken", checked="documents", documents="documents")
def broken(corpus: Artifact):
    raise RuntimeError("this probe is broken")


@probe("small.killed", checked="documents", documents="documents")
def killed(corpus: Artifact):
    os.kill(os.getpid(), signal.SIGKILL)


@probe("small.meddles", checked="documents", documents="documents")
def meddles(corpus: Artifact):
    with (corpus.path / "train.jsonl").open("a") as file:
        file.write("\\n")
    return {"documents": 1}
'''
ONE_FILE = '''\
"""Text number {number}: {words}."""


def function_{number}(argument):
    """Return {number} and {words}."""
    if argument == "{words}":
        return {number}
    return "{words}" * {number}
'''


def text(number: int) -> str:
    """A Python file unlike the others."""
    words = " ".join(f"w{(number * 7919 + step * 104729) % 9973}" for step in range(40))
    return ONE_FILE.format(number=number, words=words)


def make_project(folder: Path, *, files: int = 30) -> Path:
    """Write the project into a folder."""
    contents = {
        "pyproject.toml": (
            '[tool.specship]\nspec = "specs/small"\nprobes = "probes"\n\n'
            "[tool.pytest.ini_options]\naddopts = '--strict-markers --strict-config'\nfilterwarnings = ['error']\n"
        ),
        "contracts/small-v1.yaml": CONTRACT,
        "specs/small/spec.yaml": SPEC,
        "specs/small/profiles/rehearsal.yaml": PROFILE,
        "specs/small/profiles/release.yaml": RELEASE,
        "specs/small/amendments/0001-begin.yaml": AMENDMENT,
        "probes/small.py": PROBES,
        **{f"texts/file_{number}.py": text(number) for number in range(files)},
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    content = path.read_text()
    if old not in content:
        raise AssertionError(f"{old!r} is not in {path}")
    path.write_text(content.replace(old, new))


def statements_of(project: Path) -> tuple[Opened, ...]:
    """The evidence in the ledger of a project, beside which other kinds of entries lie."""
    return read_ledger([project / ".specship/ledger"], keys=frozenset()).statements


def report_of(project: Path) -> dict[str, Any]:
    """The report that a run of its gates left, if it is of the published form."""
    report: dict[str, Any] = json.loads((project / ".specship" / "report.json").read_text())
    jsonschema.validate(report, schema_of("report"))
    return report
