"""The files of a new project: small, real, and explained where they are read."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Final

from specship.suite.scaffold.naming import modeline
from specship.suite.scaffold.texts import LICENCE, TEXTS

_SPEC: Final = """\
# What must be true before a model ships. The weights of a model's criteria are shares of 100.
# There is no field for a status, a percentage or a version: the first two are computed from evidence,
# the version is the fold of amendments/*.yaml. Add a criterion with `specship new criterion`.
spec_id: SPEC-$ID
title: What must be true before $name ships
models:
  - id: MODEL-1
    title: The first model of $name
    criteria:
      - id: AC-$ID-001
        statement: The text is complete, licensed, and unknown where it is held out.
        weight: 50
        because: A model learns what it reads, and is judged on what it has not read.
        effort: {gpu_hours: 0, person_hours: 2}
      - id: AC-$ID-002
        statement: Every document is text that a person can read.
        weight: 30
        because: Rubbish in the corpus comes back in the answers.
        effort: {gpu_hours: 0, person_hours: 2}
      - id: AC-$ID-003
        statement: The text is about what the model is for.
        weight: 20
        because: A model of the wrong subject disappoints, and everything else about it may still be sound.
        depends_on: [AC-$ID-002]
        effort: {gpu_hours: 0, person_hours: 8}
"""

_PROFILE: Final = """\
# The real thing. A release overrides no limit and judges every criterion; its evidence counts only when
# a key of [tool.specship] trusted_keys signed it, on files that are committed.
profile: release
kind: release
summary: The model that ships.
pipeline:
  MODEL-1:
    corpus: {source: folder, path: texts, licence: Apache-2.0, suffixes: [.txt], heldout_fraction: 0.3}
oldest_evidence_days: 90
"""

_REHEARSAL: Final = """\
# A rehearsal proves in seconds that the pipeline works. It never ships a model, and every report names it.
profile: rehearsal
kind: rehearsal
summary: A handful of short texts, on any machine.
pipeline:
  MODEL-1:
    # Put your own text into texts/, with its licence beside it, and say here what it is.
    corpus: {source: folder, path: texts, licence: Apache-2.0, suffixes: [.txt], heldout_fraction: 0.3}
overrides:
  # A limit that differs at this scale stands here, with its reason; the contract stays as it is.
  GATE-$ID-002:
    reason: Ten short texts hold out a few; a release needs enough of them for a figure to mean something.
    expect:
      heldout_documents: {at_least: 2, unit: documents}
"""

_AMENDMENT: Final = """\
# Every change of the spec is a file like this one: the size of the step, the version its writer saw, why.
bump: major
after: 0.0.0
why: The spec begins, with one model and the text it will learn from.
changes:
  - {id: MODEL-1, what: Three criteria about its text.}
"""

_CONTRACT: Final = """\
# A contract: rules about one stage. `pytest -m ship` runs each gate as a test.
# A probe measures; `expect` judges, with one limit for each quantity, in the probe's own unit.
contract_id: $name-corpus
version: 1.0.0
stage: corpus
summary: What must be true of the text before a model learns from it or is judged on it.
gates:
  - id: GATE-$ID-001
    rule: Every file of the folder was taken or is listed, and every document has the bytes it was read with.
    binds_to: [AC-$ID-001]
    ship_blocking: true
    probe: corpus.files
    expect:
      unlisted: {equals: 0, unit: files}
      vanished: {equals: 0, unit: files}
      changed: {equals: 0, unit: files}
      wrong_digests: {equals: 0, unit: documents}
      missing_documents: {equals: 0, unit: documents}
    falsified_by:  # defects that must make it fail, and the quantities that fail then: each limit, once
      partial-ingest: [unlisted]
      edited-document: [wrong_digests]
      listing-of-another-source: [vanished, changed, missing_documents]
  - id: GATE-$ID-002
    rule: No held-out document is known to training, neither by its bytes nor as a near copy.
    binds_to: [AC-$ID-001]
    ship_blocking: true
    probe: corpus.split
    expect:
      heldout_documents: {at_least: 200, unit: documents}
      shared_digests: {equals: 0, unit: documents}
      highest_jaccard: {below: 0.85, unit: fraction}
      highest_containment: {below: 0.8, unit: fraction}
    falsified_by:
      heldout-inside-training: [shared_digests]
      near-duplicate-across-split: [highest_jaccard, highest_containment]
      documents-joined: [heldout_documents]
  - id: GATE-$ID-003
    rule: The licence of every document is known and allowed, and its text is kept with the corpus.
    binds_to: [AC-$ID-001]
    ship_blocking: true
    probe: corpus.licence
    expect:
      unlicensed: {equals: 0, unit: documents}
      misstated: {equals: 0, unit: documents}
      licences: {one_of: [Apache-2.0, MIT], unit: text}
      licence_text: {above: 0, unit: bytes}
    falsified_by:
      licence-unknown: [unlicensed]
      unlicensed-document: [misstated, licences]
      licence-text-missing: [licence_text]
  # The probe of this gate is your own, in probes/$module.py; its fault is described in faults/.
  - id: GATE-$ID-004
    rule: No document is empty or holds characters that no person can see.
    binds_to: [AC-$ID-002]
    ship_blocking: true
    probe: $module.readable_text
    expect:
      control_characters: {equals: 0, unit: characters}
      shortest: {at_least: 40, unit: characters}
    falsified_by:
      control-characters-in-text: [control_characters, shortest]
  # Your next step: this gate is UNBOUND, a rule that nobody measures yet, and worth nothing until then.
  # Write a probe (`specship new probe $module.subject`), then name it here with `probe:` and `expect:`.
  - id: GATE-$ID-005
    rule: The documents are about the subject that the model is for.
    binds_to: [AC-$ID-003]
    ship_blocking: true
"""

_PROBE: Final = '''\
"""Probes of $name: they measure artifacts and never judge; the limits stand in the contracts."""

import unicodedata

from specship import Artifact, Figures, probe, read_documents


@probe(
    "$module.readable_text",
    checked="documents",
    documents="documents",
    shortest="characters",
    control_characters="characters",
)
def readable_text(corpus: Artifact) -> Figures:
    """Whether the documents of both splits are text that a person can read.

    `shortest` is the length of the shortest document without the white space around it;
    `control_characters` counts those that are neither tabs nor line ends.
    """
    texts = [entry.text for split in ("train", "heldout") for entry in read_documents(corpus.path, split)]
    return {
        "documents": len(texts),
        "shortest": min((len(text.strip()) for text in texts), default=0),
        "control_characters": sum(_is_control(letter) for text in texts for letter in text),
    }


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc" and letter not in "\\t\\n\\r"
'''

_FAULT: Final = '''\
"""Control characters stand in the text, because a file that is no text was taken for one.

It happens where everything in a folder is read that happens to decode. A model trained on such a
corpus answers with characters that garble a terminal.
"""

import json
from pathlib import Path

from specship import Fault

FAULT = Fault(row="", stage="corpus")


def plant(folder: Path) -> None:
    """The first document of a copy of a corpus is a bell and an escape."""
    path = folder / "train.jsonl"
    first, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    document = json.loads(first)
    document["text"] = "\\x07\\x1b"
    path.write_text("".join([json.dumps(document) + "\\n", *rest]), encoding="utf-8")
'''


def starter_files(name: str) -> Mapping[str, str]:
    """Path and text of every file of a new project, pyproject.toml and .gitignore apart."""
    module = name.replace("-", "_")
    words = {"name": name, "ID": name.upper(), "module": module}
    spec = f"specs/{name}"
    documents = {
        f"{spec}/spec.yaml": ("spec", _SPEC),
        f"{spec}/profiles/rehearsal.yaml": ("profile", _REHEARSAL),
        f"{spec}/profiles/release.yaml": ("profile", _PROFILE),
        f"{spec}/amendments/0001-it-begins.yaml": ("amendment", _AMENDMENT),
        f"contracts/{name}-corpus-v1.yaml": ("contract", _CONTRACT),
    }
    code = {f"probes/{module}.py": _PROBE, "faults/control_characters_in_text.py": _FAULT}
    return {
        **{
            path: modeline(kind) + Template(text).substitute(words)
            for path, (kind, text) in documents.items()
        },
        **{path: Template(text).substitute(words) for path, text in code.items()},
        "texts/LICENSE": LICENCE,
        **{f"texts/{file}": text for file, text in TEXTS.items()},
    }
