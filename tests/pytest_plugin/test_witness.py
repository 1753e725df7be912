"""Ordinary ways in which pytest ends with 0 although a gate fails, and what the session, `status` and `gate` say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from specship.digests import sha256_bytes
from specship.evidence.ledger import read_ledger
from specship.evidence.receipt import Receipt
from tests.processes import inside, run_pytest
from tests.projects.histories import git
from tests.projects.small_project import edit, make_project

MAKEREPORT: Final = """import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    report.outcome, report.longrepr = "passed", None
    return report
"""
RERUNS: Final = """from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    for attempt in range(5):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        again = attempt < 4 and any(report.failed for report in reports)
        for report in reports:
            report.outcome = "rerun" if again and report.failed else report.outcome
            item.ihook.pytest_runtest_logreport(report=report)
        if not again:
            break
    return True
"""
FROM_CALL: Final = """from _pytest.runner import CallInfo
before = CallInfo.from_call
def quiet(func, when, reraise=None):
    def run():
        try:
            return func()
        except Exception:
            if when != "call":
                raise
    return before(run, when, reraise)
CallInfo.from_call = quiet
"""
EXIT: Final = "import os\n{how}    os._exit(0)\n"


class Way(NamedTuple):
    """One trick."""

    files: dict[str, str] = {}
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    says: str = ""
    """What the session says of it."""


def conftest(text: str, says: str = "") -> Way:
    return Way({"conftest.py": text}, says=says)


TAMPERING: Final = {
    "a mark xfail": conftest(
        "import pytest\ndef pytest_collection_modifyitems(items):\n    for item in items:\n"
        "        item.add_marker(pytest.mark.xfail)\n",
        "GATE-SMALL-001: FAIL, and shown as xfailed; this could have done it: conftest.py:2 pytest_collection_modifyitems",
    ),
    "a skip before it is judged": conftest(
        "import pytest\ndef pytest_runtest_setup():\n    pytest.skip()\n",
        "GATE-SMALL-003: selected, never judged, and shown as skipped; this could have done it: "
        "conftest.py:2 pytest_runtest_setup",
    ),
    "a report rewritten": conftest(
        MAKEREPORT,
        "GATE-SMALL-001: FAIL, and shown as passed; this could have done it: conftest.py:2 pytest_runtest_makereport",
    ),
    "an exit status set": conftest(
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
        "gates failed, and the exit status was 0 (GATE-SMALL-001); this could have done it: "
        "conftest.py:1 pytest_sessionfinish",
    ),
    "a call answered for": conftest("def pytest_pyfunc_call():\n    return True\n", "GATE-SMALL-001 FAIL"),
    "a protocol of its own": conftest(
        "def pytest_runtest_protocol():\n    return True\n",
        "never judged, and shown as nothing; this could have done it: conftest.py:1 pytest_runtest_protocol",
    ),
    "a loop of its own": conftest(
        "def pytest_runtestloop():\n    return True\n",
        "never judged, and shown as nothing; this could have done it: conftest.py:1 pytest_runtestloop",
    ),
    "leaving with success": conftest(
        "import pytest\ndef pytest_collection_finish():\n    pytest.exit('done', returncode=0)\n",
        "pytest.exit asked for success before anything was judged",
    ),
    "running it again": conftest(RERUNS, "GATE-SMALL-001 FAIL"),
    "PYTEST_PLUGINS": Way(
        {"evil.py": MAKEREPORT}, (), {"PYTEST_PLUGINS": "evil"},
        "GATE-SMALL-001: FAIL, and shown as passed; this could have done it: evil.py:2 pytest_runtest_makereport",
    ),
    "a plugin on the command line": Way(
        {"evil.py": MAKEREPORT}, ("-p", "evil"), {},
        "GATE-SMALL-001: FAIL, and shown as passed; this could have done it: evil.py:2 pytest_runtest_makereport",
    ),
    "CallInfo.from_call replaced": conftest(FROM_CALL, "_pytest.runner.CallInfo.from_call is "),
    "Function.runtest replaced": conftest(
        "import pytest\npytest.Function.runtest = lambda self: None\n", "_pytest.python.Function.runtest is "
    ),
}  # fmt: skip
BEYOND: Final = {
    "the item's own runtest replaced": conftest(
        "from specship.pytest_plugin.gates import GateItem\nGateItem.runtest = lambda self: None\n",
        "specship.pytest_plugin.gates.GateItem.runtest is ",
    ),
    "our own verdict replaced": conftest(
        "from specship.status import folding\nfrom specship.contracts.judging import Verdict\n"
        "before = folding.standing\n"
        "from specship.suite.judging import session\nfrom specship.status import assess\n"
        "import dataclasses\n"
        "def standing(*words, **more):\n"
        "    return dataclasses.replace(before(*words, **more), verdict=Verdict.PASS)\n"
        "folding.standing = session.standing = assess.standing = standing\n",
        "specship.status.folding.standing is ",
    ),
    "a report rewritten when it is logged": conftest(
        "def pytest_runtest_logreport(report):\n    report.outcome = 'passed'\n",
        "GATE-SMALL-001: FAIL, and shown as passed; this could have done it: conftest.py:1 pytest_runtest_logreport",
    ),
    "an outcome that nobody knows": conftest(
        MAKEREPORT.replace('"passed"', '"splendid"'),
        "GATE-SMALL-003: selected, never judged, and shown as nothing; this could have done it: conftest.py:2 "
        "pytest_runtest_makereport",
    ),
    "an exit status set at the very end": conftest(
        "import pytest\n@pytest.hookimpl(wrapper=True, tryfirst=True)\ndef pytest_sessionfinish(session):\n"
        "    yield\n    session.exitstatus = 0\n",
        "exit status 1 was set to 0 afterwards; this could have done it: conftest.py:2 pytest_sessionfinish",
    ),
    "a report rewritten in a worker": Way(
        {"conftest.py": MAKEREPORT}, ("-n", "2"), {},
        "GATE-SMALL-001: FAIL, and shown as passed; this could have done it: conftest.py:2 "
        "pytest_runtest_makereport",
    ),
    "our plugin taken away": conftest(
        "def pytest_sessionstart(session):\n    session.config.pluginmanager.unregister(name='specship-session')\n",
        "specship-session was taken away",
    ),
}  # fmt: skip
NARROWING: Final = {
    # each with what is announced
    "-k": Way({}, ("-k", "GATE-SMALL-002"), {}, "2 of 3 gates were not run in this session (2 deselected)"),
    "another file": Way(
        {"test_it.py": "import pytest\n@pytest.mark.ship\ndef test_it():\n    pass\n"}, ("test_it.py",), {},
        "3 of 3 gates were not run in this session (3 not collected)",
    ),
    "--collect-only": Way(
        {}, ("--collect-only",), {}, "--collect-only: 3 gates were selected and none was judged"
    ),
    "--setup-plan": Way(
        {}, ("--setup-plan",), {}, "3 of 3 gates were not run in this session (3 passed over)"
    ),
    "addopts": Way(
        {"pytest.ini": "[pytest]\naddopts = --deselect contracts/small-v1.yaml::GATE-SMALL-001\n"}, (), {},
        "1 of 3 gates were not run in this session (1 deselected): GATE-SMALL-001",
    ),
    "PYTEST_ADDOPTS": Way(
        {}, (), {"PYTEST_ADDOPTS": "--deselect contracts/small-v1.yaml::GATE-SMALL-001"},
        "1 of 3 gates were not run in this session (1 deselected): GATE-SMALL-001",
    ),
    "items filtered": conftest(
        "def pytest_collection_modifyitems(items):\n    items[:] = items[1:]\n",
        "1 of 3 gates were not run in this session (1 deselected): GATE-SMALL-001",
    ),
    "collect_ignore": Way(
        {"contracts/conftest.py": "collect_ignore = ['small-v1.yaml']\n",
         "test_it.py": "import pytest\n@pytest.mark.ship\ndef test_it():\n    pass\n"}, (), {},
        "3 of 3 gates were not run in this session (3 not collected)",
    ),
}  # fmt: skip
DEATH: Final = {
    "_exit in configure": conftest(EXIT.format(how="def pytest_configure():\n")),
    "_exit in unconfigure": conftest(EXIT.format(how="def pytest_unconfigure():\n")),
    "_exit at the end of the process": conftest("import atexit, os\natexit.register(os._exit, 0)\n"),
    "SystemExit while a conftest loads": conftest("raise SystemExit(0)\n"),
    "SystemExit in a worker": Way({"conftest.py": "raise SystemExit(0)\n"}, ("-n", "2")),
}
BY_DEFAULT: Final = {
    "a skip before it is judged", "a report rewritten", "an exit status set", "-k",
    "SystemExit while a conftest loads",
}  # fmt: skip
"""Rows that are run each time; the others are slow."""


def rows(table: dict[str, Way]) -> list[Any]:
    return [
        pytest.param(way, id=name.replace(" ", "-"), marks=[] if name in BY_DEFAULT else [pytest.mark.slow])
        for name, way in table.items()
    ]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose first gate fails, measured once, with the history that `gate` reads."""
    folder = make_project(tmp_path_factory.mktemp("green") / "project")
    edit(folder / "contracts/small-v1.yaml", "at_least: 10, unit", "at_least: 1000, unit")
    (folder / ".gitignore").write_text(".specship/\n__pycache__/\n.pytest_cache/\n")
    git(folder, "init", "-q", "-b", "base", ".")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "begun")
    git(folder, "checkout", "-qb", "change")
    git(folder, "commit", "-q", "--allow-empty", "-m", "a change")
    assert run_pytest(folder, "-m", "ship").returncode == 1
    return folder


@pytest.fixture(scope="module")
def control(failing: Path) -> tuple[int, Any, int]:
    """What `status` and `gate` say before any trick."""
    return outside(failing)


@pytest.fixture
def trick(failing: Path) -> Iterator[Any]:
    """Play a trick, and clear it away afterwards."""
    written: list[Path] = []

    def play(way: Way, *more: str) -> Any:
        for name, text in way.files.items():
            (failing / name).write_text(text)
            written.append(failing / name)
        return run_pytest(
            failing,
            "-m",
            "ship",
            *way.arguments,
            *more,
            "-p",
            "no:cacheprovider",
            environment=way.environment,
        )

    yield play
    for path in written:
        path.unlink(missing_ok=True)


def receipts(folder: Path) -> list[Receipt]:
    ledger = read_ledger([folder / ".specship/ledger"], keys=frozenset())
    return [entry.record for entry in ledger.receipts]


def last_session(folder: Path) -> str:
    """What `gate` tells of it."""
    done = inside(folder, "gate", "--base", "base", "--format", "json")
    return str(json.loads(done.stdout)["session"])


def outside(folder: Path) -> tuple[int, Any, int]:
    """What is said outside of the session: of `status` the exit status and percentages, of `gate` the exit status."""
    status = inside(folder, "status", "--format", "json")
    models = json.loads(status.stdout)["models"]
    percents = [(one["model"], one["profile"], one["ship_percent"]) for one in models]
    return (
        status.returncode,
        percents,
        inside(folder, "gate", "--base", "base", "--fail-under", "90").returncode,
    )


@pytest.mark.parametrize("way", rows(TAMPERING | BEYOND))
def test_tampering_turns_the_session_red_and_is_named(
    way: Way, trick: Any, failing: Path, control: Any
) -> None:
    done = trick(way)

    assert done.returncode in {1, 4}, done.stdout
    assert way.says in " ".join((done.stdout + done.stderr).split()), done.stdout + done.stderr
    assert outside(failing) == control
    assert control[2] == 1
    if "shown as" in way.says:
        assert f"were rewritten by {way.says.rpartition(': ')[2]}" in last_session(failing)


@pytest.mark.parametrize("way", rows(NARROWING))
def test_narrowing_is_announced_and_fails_a_strict_session(
    way: Way, trick: Any, failing: Path, control: Any
) -> None:
    done, strict = trick(way), trick(way, "--ship-strict")

    assert done.returncode == 0, done.stdout
    assert way.says in done.stdout
    assert strict.returncode == 1, strict.stdout
    assert outside(failing) == control


@pytest.mark.parametrize("way", rows(DEATH))
def test_a_death_leaves_no_receipt_that_says_success(
    way: Way, trick: Any, failing: Path, control: Any
) -> None:
    """A session that came to its end before it died left one, and there stands what it had decided."""
    known = len(receipts(failing))
    done = trick(way)

    assert "GATE-SMALL-001" not in done.stdout.partition("short test summary")[0] or done.returncode == 0
    assert [one.exit_status for one in receipts(failing)[known:]] in ([], [1])
    assert outside(failing) == control
    assert control[2] == 1


@pytest.mark.slow
def test_two_workers_leave_one_receipt(trick: Any, failing: Path) -> None:
    """With everything in it that could have changed what was shown."""
    known = len(receipts(failing))
    text = "def pytest_runtest_setup():\n    pass\n"
    done = trick(conftest(text), "-n", "2", "-k", "GATE-SMALL-001 or GATE-SMALL-002")
    found = receipts(failing)[known:]

    assert done.returncode == 1, done.stdout
    assert len(found) == 1
    assert found[0].gates == {
        "GATE-SMALL-001": "FAIL", "GATE-SMALL-002": "PASS", "GATE-SMALL-003": "deselected",
    }  # fmt: skip
    assert found[0].conftests == {"conftest.py": sha256_bytes(text.encode())}
    assert found[0].hooks["pytest_runtest_setup"] == ("conftest.py:1",)
    assert found[0].plugins["xdist"]
    assert found[0].arguments[:4] == ("-m", "ship", "-n", "2")
    assert found[0].addopts == ("--strict-markers", "--strict-config")
    assert (found[0].exit_status, found[0].rewritten, found[0].replaced) == (1, (), ())
