"""Test sessions: gates that fail and are shown as something else, left out, or measured by what must not measure."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.projects.small_project import edit

XFAIL: Final = """\
import pytest
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xfail)
"""
SKIP: Final = "import pytest\ndef pytest_runtest_setup():\n    pytest.skip()\n"
REWRITE: Final = """\
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    report.outcome, report.longrepr = "passed", None
    return report
"""
STATUS: Final = "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
PROTOCOL: Final = "def pytest_runtest_protocol():\n    return True\n"
LOOP: Final = "def pytest_runtestloop():\n    return True\n"
OURS: Final = "from specship.pytest_plugin.gates import GateItem\nGateItem.runtest = lambda self: None\n"
PATCHES: Final = """\
from specship.contracts.judging import Verdict
from specship.evidence.arming import LimitsSeen
from specship.status import assess, folding
from specship.suite.judging import arming_book
passes = folding.GateStanding(Verdict.PASS, fresh=True, reason="", newest=None)
assess.standing = folding.standing = lambda *_, **__: passes
arming_book.ArmingBook.limits_seen = lambda *_: LimitsSeen(unarmed="")
"""


class SessionCheat(NamedTuple):
    """One attempt in a project whose first gate fails."""

    tries: str
    files: Mapping[str, str]
    guards: tuple[str, ...]
    says: str
    words: tuple[str, ...] = ("pytest", "-m", "ship")
    """The command that answers, and that is content once the guard is taken out."""
    act: Callable[[Path], None] = lambda _: None


def elsewhere(project: Path) -> None:
    """A probe that takes its figure from a file beside the project."""
    (project.parent / "figure.txt").write_text("5000")
    edit(
        project / "probes/small.py",
        '"documents": len(lines)',
        f'"documents": int(open({str(project.parent / "figure.txt")!r}).read())',
    )


_SHOWN: Final = ("shown against judged", "functions are their source's")
_FORCED: Final = ("exit status against verdicts", *_SHOWN)

ROWS: Final = (
    SessionCheat("mark a failing gate xfail", {"conftest.py": XFAIL}, _SHOWN, "FAIL, and shown as xfailed"),
    SessionCheat("skip a gate before it is judged", {"conftest.py": SKIP}, _SHOWN, "selected, never judged, and shown as skipped"),
    SessionCheat("rewrite a report", {"conftest.py": REWRITE}, _SHOWN, "FAIL, and shown as passed"),
    SessionCheat("rewrite a report from a plugin", {"evil.py": REWRITE}, _SHOWN, "FAIL, and shown as passed", ("pytest", "-m", "ship", "-p", "evil")),
    SessionCheat("set the exit status", {"conftest.py": STATUS}, _FORCED, "gates failed, and the exit status was 0"),
    SessionCheat("run a protocol of one's own", {"conftest.py": PROTOCOL}, _SHOWN, "never judged, and shown as nothing"),
    SessionCheat("run a loop of one's own", {"conftest.py": LOOP}, _SHOWN, "never judged, and shown as nothing"),
    SessionCheat("replace what judges a gate", {"conftest.py": OURS}, _SHOWN, "specship.pytest_plugin.gates.GateItem.runtest is"),
    SessionCheat("leave the failing gate out by -k", {}, ("strict sessions", *_SHOWN), "were not run in this session", ("pytest", "-m", "ship", "--ship-strict", "-k", "GATE-SMALL-002")),
    SessionCheat("deselect the failing gate", {}, ("strict sessions", *_SHOWN), "were not run in this session", ("pytest", "-m", "ship", "--ship-strict", "--deselect", "contracts/small-v1.yaml::GATE-SMALL-001", "--deselect", "contracts/small-v1.yaml::GATE-SMALL-003")),
    SessionCheat("patch what computes from a file of probes", {"probes/zz.py": PATCHES}, ("declarations are read",), '"ship_percent": 0.0', ("specship", "status", "--format", "json")),
    SessionCheat("measure a figure that somebody wrote down", {}, ("probes are fenced", "functions are their source's"), "was stopped: it opens", ("pytest", "-m", "ship", "-k", "GATE-SMALL-001"), elsewhere),
)  # fmt: skip
