"""A new probe, a new fault and a new stage: one Python file each, which works before it was edited."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Final

from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.faults.catalogue import known_faults
from specship.pipeline.registry import all_sections, all_stages
from specship.probes.registry import probes_in_force
from specship.specs.project import Survey, survey_project
from specship.suite.plan.commands import made_by_commands
from specship.suite.scaffold.examples import example_for
from specship.suite.scaffold.naming import checked_slug
from specship.suite.scaffold.placing import Draft, place
from specship.suite.scaffold.pyproject import with_folder
from specship.suite.scaffold.stamping import said

_PROBE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?")

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

_PROBE: Final = '''\
"""Measures the $artifact artifact; what would be enough stands in the contract that names this probe."""

from specship import $names


@probe("$name", $declared)
def measure_$stem($artifact: Artifact) -> Figures:
    """$says

    Replace this by what you want to know. Each quantity is declared above with its unit, `checked` names
    the one that says how much was looked at, and each parameter is the name of an artifact.
    """
$body'''

_FAULT: Final = '''\
"""$sentence

What happened: $happened
Where it was seen: $seen
How it is planted: the largest file of a copy of the $artifact loses its second half. Replace that by
your own defect, and the stage by yours, when it is another one; the gate that names it must then fail.
"""

from pathlib import Path

from specship import Fault

FAULT = Fault(row="", stage="$artifact")


def plant(folder: Path) -> None:
    """Cut the largest file of an artifact's copy in half."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: (path.stat().st_size, str(path)))
    data = largest.read_bytes()
    largest.write_bytes(data[: len(data) // 2])
'''


_STAGE: Final = '''\
"""$makes: how often each word stands in the training text of the corpus."""

import json
from collections import Counter

from specship import Settings, Stage, Work, read_documents


class $record(Settings):
    """What its section in a profile may say."""

    at_least: int = 1
    """Times that a word has to stand in the text."""


STAGE = Stage(makes="$makes", lifecycle="corpus", needs=("corpus",), settings={"$name": $record})


def run(work: Work) -> None:
    """Replace this by what you want to make, and `STAGE` too, whose words are read without running them."""
    settings: $record = work.settings["$name"]
    words: Counter[str] = Counter()
    for number, document in enumerate(read_documents(work.inputs["corpus"], "train"), 1):
        words.update(document.text.split())
        work.report(number, number, "documents")
    kept = {word: times for word, times in words.items() if times >= settings.at_least}
    (work.output / "$makes.json").write_text(json.dumps(kept), encoding="utf-8")
'''


def new_stage(start: Path, name: str, *, makes: str | None = None) -> tuple[str, ...]:
    """Write a stage that runs at once; the paths that were written or edited.

    Raises:
        UnusableInput: the name is unusable or taken.
        CannotWrite: the disk is full or refuses.
    """
    survey = survey_project(start)
    if not _STAGE_NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        raise UnusableInput(
            f"{name!r} cannot be the name of a stage",
            why="a stage is called after its file, and a section after it",
            mend=f"write {near!r}" if _STAGE_NAME.fullmatch(near) else "write a name such as 'word_counts'",
        )  # fmt: skip
    taken = {*all_stages(), *all_sections(), *(stage.makes for stage in all_stages().values())}
    if name in taken or (makes or name) in taken:
        raise UnusableInput(f"specship has a stage or section {name!r} itself", mend="choose another name")
    record = "".join(part.capitalize() for part in name.split("_")) + "Settings"
    text = Template(_STAGE).substitute(name=name, makes=makes or name, record=record)
    return _placed(survey, "stages", f"{name}.py", text)


def new_probe(start: Path, name: str, *, artifact: str | None = None) -> tuple[str, ...]:
    """Write a probe that measures an artifact at once; the paths that were written or edited.

    Raises:
        UnusableInput: the name is unusable or taken, or no stage makes such an artifact.
        CannotWrite: the disk is full or refuses.
    """
    survey = survey_project(start)
    if not _PROBE_NAME.fullmatch(name):
        raise UnusableInput(
            f"{name!r} cannot be the name of a probe",
            why="a probe is called after what it measures, in small letters, such as 'corpus.line_length'",
            mend=f"write {near!r}" if (near := _near(name)) else "",
        )
    if name in probes_in_force(survey.root, survey.configuration):
        raise UnusableInput(f"there is a probe {name!r} already", mend="choose another name")
    first = name.split(".", 1)[0]
    artifact = artifact or (first if first in _made(survey) else "corpus")
    _insist_made(survey, artifact)
    stem, example = name.replace(".", "_"), example_for(artifact)
    names = ", ".join(
        sorted({"Artifact", "Figures", "probe", *filter(None, [example.names])}, key=_as_imported)
    )
    filled = Template(_PROBE).substitute(
        name=name, stem=stem, artifact=artifact, names=names, declared=example.declared, says=example.says,
        body=Template(example.body).substitute(artifact=artifact),
    )  # fmt: skip
    return _placed(survey, "probes", f"{stem}.py", filled)


def new_fault(
    start: Path, name: str, *, artifact: str = "corpus", what: str | None = None, seen: str | None = None
) -> tuple[str, ...]:
    """Write a fault that can be planted at once; the paths that were written or edited.

    Raises:
        UnusableInput: the name is unusable or taken.
        UnknownName: no stage makes such an artifact.
        CannotWrite: the disk is full or refuses.
    """
    survey = survey_project(start)
    name = checked_slug(name, what="fault")
    configured = survey.configuration.faults
    if name in known_faults(survey.root / configured if configured else None):
        raise UnusableInput(f"there is a fault {name!r} already", mend="choose another name")
    _insist_made(survey, artifact)
    words = {
        "artifact": artifact,
        "sentence": _in_docstring(what, "--what") or "A stored file ends before its last byte.",
        "happened": "writing stopped in the middle, and the file kept its name."
        if what is None
        else "see above.",
        "seen": _in_docstring(seen, "--seen") or "not written down yet.",
    }
    return _placed(survey, "faults", f"{name.replace('-', '_')}.py", Template(_FAULT).substitute(words))


def _as_imported(name: str) -> tuple[bool, str]:
    """The order that formatters give to names: classes before functions."""
    return name[0].islower(), name


def _made(survey: Survey) -> set[str]:
    """Artifacts that a stage of ours or of the project makes."""
    profiles = survey.spec.profiles.values() if survey.spec else ()
    return {stage.makes for stage in all_stages().values()} | made_by_commands(profiles)


def _insist_made(survey: Survey, artifact: str) -> None:
    if artifact not in (made := _made(survey)):
        mend = did_you_mean(artifact, made) or f"there are: {', '.join(sorted(made))}"
        raise UnknownName(f"no stage makes {artifact!r}", mend=mend)


def _placed(survey: Survey, key: str, file: str, text: str) -> tuple[str, ...]:
    """Write a file into the folder of its kind, which pyproject.toml names afterwards if it did not."""
    own = survey.configuration
    configured = {"probes": own.probes, "faults": own.faults, "stages": own.stages}[key]
    drafts = [Draft(f"{configured or key}/{file}", text)]
    if configured is None:
        drafts.append(with_folder(survey.root, key, key))
    place(survey.root, drafts)
    return tuple(draft.path for draft in drafts)


def _near(name: str) -> str:
    """The nearest name that can be used, or the empty string."""
    parts = [re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") for part in name.split(".")[:2]]
    near = ".".join(part for part in parts if part)
    return near if _PROBE_NAME.fullmatch(near) else ""


def _in_docstring(text: str | None, what: str) -> str:
    """A sentence that cannot end the docstring it stands in."""
    if text is None:
        return ""
    return said(text, what=what).replace("\\", "/").replace('"', "'")
