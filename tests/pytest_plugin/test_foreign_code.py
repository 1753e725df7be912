"""A project's own code that reaches for what computes: no face runs it, and none says more for it.

What is tried was seen to succeed where faces import the probes of a project: release went from 0 to 80 % without
any key.
"""

import json
from pathlib import Path
from typing import Final

from tests.processes import run_pytest as ship
from tests.processes import specship

PATCHES: Final = '''\
"""Measures nothing, and has something to say to whoever imports it."""

from pathlib import Path

Path("{mark}").write_text("this was run")

from specship.contracts.judging import Verdict
from specship.status import assess, freshness
from specship.suite.judging import arming_book

passes = freshness.GateStanding(Verdict.PASS, fresh=True, reason="", newest=None)
assess.standing = freshness.standing = lambda *_, **__: passes
arming_book.ArmingBook.why_unarmed = lambda *_: ""
'''
FACES: Final = (
    ("status",), ("status", "--format", "json"), ("lint", "--no-cache"),
    ("explain", "GATE-SMALL-001"), ("explain", "small.documents"), ("explain", "probes"), ("explain", "faults"),
    ("trace",), ("next",), ("doctor",), ("schema", "profile"), ("faults",), ("new", "probe", "corpus.more"),
    ("review",),
)  # fmt: skip


def plant(project: Path, mark: Path) -> None:
    """The same file among probes and faults."""
    for folder in ("probes", "faults"):
        (project / folder / "zz.py").write_text(PATCHES.format(mark=mark))
    with (project / "faults" / "zz.py").open("a") as file:
        file.write('from specship import Fault\n\nFAULT = Fault(row="", described="nothing")\n')


def percents(project: Path, profile: str) -> list[float]:
    done = specship("status", "--format", "json", folder=project)
    models = json.loads(done.stdout)["models"]
    return [model["ship_percent"] for model in models if model["profile"] == profile]


def test_no_face_runs_what_it_judges(shipped: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    plant(shipped, mark)
    for face in FACES:
        specship(*face, folder=shipped)
        assert not mark.exists(), face
    for session in (("--collect-only", "-q"), ("-m", "falsify", "--collect-only", "contracts")):
        ship(shipped, *session)
        assert not mark.exists(), session


def test_a_probe_file_that_patches_the_reader_raises_nothing(shipped: Path, tmp_path: Path) -> None:
    """A1: rehearsal evidence shown as a release's."""
    assert percents(shipped, "release") == [0.0]
    plant(shipped, tmp_path / "mark")

    assert percents(shipped, "release") == [0.0]
    done = ship(shipped, "-m", "ship", "--ship-fail-under", "95")
    assert done.returncode == 1
    assert (
        "ship 90 % is under 95 %" in done.stdout
    )  # no probe imports it: what they measured stays what it was
    assert specship("lint", folder=shipped).returncode == 0
    shown = specship("explain", "AC-SMALL-001", folder=shipped)
    assert "DISCHARGED" not in shown.stdout.partition("release")[2], shown.stdout
