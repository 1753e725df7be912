"""The small project with faults of its own: a component, an artifact's bytes, a setting."""

from functools import cache
from pathlib import Path

from tests.models.once import once
from tests.processes import run_pytest, specship
from tests.projects.small_project import edit, make_project

COMPONENT = '''\
"""Most of the files are not listed."""

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C10", stage="corpus")


def inject():
    from specship.pipeline.corpus import source as corpus_source

    spoil(corpus_source, "list_files", lambda listing: lambda source: list(listing(source))[:6])
'''
ARTIFACT = '''\
"""The texts of the training documents are gone."""

import json

from specship.faults.fault import Fault

FAULT = Fault(row="C8", stage="corpus")


def plant(folder):
    lines = [json.loads(line) | {"text": ""} for line in (folder / "train.jsonl").read_text().splitlines()]
    (folder / "train.jsonl").write_text("".join(json.dumps(line) + "\\n" for line in lines))
'''
SETTING = '''\
"""Nearly everything is held out."""

from specship.faults.fault import Fault

FAULT = Fault(row="C4", stage="corpus", settings={"corpus": {"heldout_fraction": 0.9}})
'''
FIRST = "      documents: {at_least: 10, unit: documents}\n"
SECOND = "      characters: {at_least: 100, unit: characters}\n"
FAULTS_OF_FIRST = (
    "    falsified_by:\n      most-files-unlisted: [documents]\n      nearly-all-held-out: [documents]\n"
)
FAULTS_OF_SECOND = "    falsified_by:\n      texts-gone: [characters]\n"


def make_falsifiable(folder: Path) -> Path:
    """The project, whose two measured gates name the faults that must make them fail."""
    return name_faults(make_project(folder))


def name_faults(project: Path) -> Path:
    """Faults for the measured gates of the small project; none was planted yet."""
    for name, text in (
        ("most_files_unlisted", COMPONENT),
        ("texts_gone", ARTIFACT),
        ("nearly_all_held_out", SETTING),
    ):
        path = project / "faults" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    edit(project / "pyproject.toml", 'probes = "probes"\n', 'probes = "probes"\nfaults = "faults"\n')
    contract = project / "contracts/small-v1.yaml"
    edit(contract, FIRST, FIRST + FAULTS_OF_FIRST)
    edit(contract, SECOND, SECOND + FAULTS_OF_SECOND)
    return project


@cache
def _records() -> dict[str, bytes]:
    """What a user's two commands write below `evidence/arming`; once, for every project alike."""

    def arm(folder: Path) -> None:
        project = make_falsifiable(folder / "project")
        run_pytest(project, "-q", "-m", "falsify", "contracts").check_returncode()
        specship("faults", "--arm", folder=project).check_returncode()

    records = once("small-arming", arm) / "project" / "evidence" / "arming"
    return {path.name: path.read_bytes() for path in records.iterdir()}


def arm_small(project: Path) -> Path:
    """The small project with faults, and records of its gates having failed on them: as a fresh clone has."""
    folder = name_faults(project) / "evidence/arming"
    folder.mkdir(parents=True)
    for name, data in _records().items():
        (folder / name).write_bytes(data)
    return project
