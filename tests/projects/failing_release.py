"""A release that passed, and fails since its second version: real sessions, signed apart, over a run of another program.

With a waiver, with evidence of an unknown hand, and with a version whose amendment changed what was planned.
"""

import json
from pathlib import Path

from specship.evidence.keys.signing_keys import key_of_file
from specship.evidence.ledger_writer import LedgerWriter
from tests.evidence.statements import evidence, write_result
from tests.processes import run_pytest, specship
from tests.projects.evidenced_project import put_waiver
from tests.projects.histories import git
from tests.projects.logged_project import logged_project
from tests.projects.small_project import edit
from tests.projects.trusting import trusting

_AMENDMENT = """\
bump: major
after: 1.0.0
why: Longer runs are planned from now on.
changes: [{id: release, what: 300 steps are planned.}]
"""


def failing_release(folder: Path, *, keys: Path) -> Path:
    """The project in a folder; `keys` is one outside of it."""
    root = logged_project(folder, planned=200)
    trusted, unknown = (keys / name for name in ("trusted", "unknown"))
    for key in (trusted, unknown):
        assert specship("evidence", "keygen", key, folder=keys).returncode == 0
    trust = trusting(key_of_file(trusted), owner="Ada")
    edit(root / "pyproject.toml", 'probes = "probes"\n', f'probes = "probes"\ntrusted_keys = [{trust}]\n')
    (root / ".gitignore").write_text(".specship/\n__pycache__/\n")
    git(root, "init", "-q")
    _release(root, trusted, "the first version")
    (root / "specs/small/amendments/0002-longer.yaml").write_text(_AMENDMENT)
    edit(root / "specs/small/profiles/release.yaml", "planned_steps: 200", "planned_steps: 300")
    _release(root, trusted, "the second version")
    writer = LedgerWriter(root / ".specship/ledger", {root / ".specship/ledger"}, key_of_file(unknown))
    write_result(writer, evidence())
    put_waiver(root, _fingerprint(root, "GATE-RUN-001"), gate="GATE-RUN-001")
    return root


def _release(root: Path, key: Path, message: str) -> None:
    """Commit, judge, sign, commit."""
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)
    run_pytest(root, "-m", "ship", "--specship-profile", "release")
    signed = specship("evidence", "sign", "--key", key, folder=root)
    assert signed.returncode in {0, 1}, signed.stderr
    git(root, "add", "-A")
    git(root, "commit", "-qm", f"evidence of {message}")


def _fingerprint(root: Path, gate: str) -> str:
    done = specship("status", "--format", "json", folder=root)
    models = json.loads(done.stdout)["models"]
    gates = [one for model in models for criterion in model["criteria"] for one in criterion["gates"]]
    return next(str(one["fingerprint"]) for one in gates if one["id"] == gate and one["fingerprint"])
