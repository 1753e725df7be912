"""Whoever waits for a verb for more than two seconds sees what it does, and, where it can be known, how long still."""

import sys
from pathlib import Path
from typing import Final

import pytest

from specship.cli import VERBS
from tests.cli.asked_verbs import LONG
from tests.cli.asking import Asking
from tests.cli.terminals import at_a_terminal
from tests.processes import SCRIPTS

COUNTED: Final = {
    # verb: what is counted while it works
    "bench": "rounds",
    "compare": "compare  ",
    "corpus": "corpus  ",
    "eval": "scoring  ",
    "export": "MB",
    "flip-rate": "",
    "import": "MB",
    "pretrain": "",
    "qa": "qa  ",
    "report": "",
    "status": "",
    "tokenize": "tokenize  ",
    "trend": "",
    "adopt": "",
    "verify": "MB",
}
"""Empty: of a long work alone, as a large ledger or a training is; their own tests look at it."""
TOLD: Final = {
    "amend": "git answers, and nobody knows when",
    "compile": "under a second a contract",
    "diagnose": "lines of a log are not counted before they are read",
    "doctor": "it asks devices and programs",
    "evidence": "the ledger is read once",
    "explain": "the ledger is read once",
    "faults": "records of arming are read",
    "gate": "git answers, and nobody knows when",
    "init": "files are written",
    "lint": "contracts are read",
    "new": "one file is written",
    "next": "the ledger is read once",
    "review": "git answers, and nobody knows when",
    "run": "a model ends when it likes",
    "spec": "the ledger is read once",
    "trace": "the ledger is read once",
}
"""Verbs that do not know how much there is, and why: a terminal is told that they are at work, and how long by now."""
NEVER: Final = {"lsp": "its terminal is an editor", "schema": "it only prints", "watch": "it shows a screen"}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Asking:
    return Asking(tmp_path_factory.mktemp("waited"))


def test_of_every_verb_it_is_known_what_is_shown() -> None:
    verbs = [name.replace("_", "-") for name in VERBS.names]

    assert sorted([*COUNTED, *TOLD, *NEVER]) == sorted(verbs)
    for verb in COUNTED:
        source = VERBS.file(verb.replace("-", "_")).read_text()
        apart = "".join(path.read_text() for path in VERBS.file("lint").parents[1].glob("evaluations/*.py"))
        assert "specship.cli.progress import" in source + (apart if verb == "eval" else "")


@pytest.mark.slow
@pytest.mark.parametrize("verb", [verb for verb, shown in COUNTED.items() if shown])
def test_a_terminal_is_told_how_far_it_is(verb: str, asking: Asking) -> None:
    line = next(line for line in (*LONG, "verify {own.publication}") if line.split()[0] == verb)
    line += " --output {own.new}" if verb == "import" else ""
    status, written = at_a_terminal(
        [str(SCRIPTS / "specship"), *asking.words(line)], asking.folder, columns=80
    )

    assert status in {0, 1}, written
    assert f"\r\x1b[K{COUNTED[verb]}" in written or f"{COUNTED[verb]} " in written


def test_a_silent_verb_is_said_to_be_at_work_until_it_speaks(tmp_path: Path) -> None:
    code = """
import sys
from specship.cli import streams
from specship.cli.progress import until_it_speaks
streams.stand_up()
with until_it_speaks("gate", after=0.0):
    sys.stdin.readline()
    print("found nothing")
"""
    status, written = at_a_terminal(
        [sys.executable, "-c", code], tmp_path, columns=80,
        answer=lambda written: "\n" if "at work" in written else "",
    )  # fmt: skip

    assert status == 0
    assert written.startswith("\r\x1b[Kgate  at work for 0.0 s")
    assert written.endswith("\r\x1b[Kfound nothing\r\n")
