"""Keys, signing a release in a second step, and what is known of every statement."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from specship.evidence.artifact_record import artifact_digest
from specship.evidence.keys.signing_keys import key_of_file, new_key
from specship.evidence.ledger import append
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import SigningKey, local_key
from tests.evidence.statements import evidence
from tests.processes import inside, run_pytest
from tests.projects.histories import git
from tests.projects.small_project import edit, make_project
from tests.projects.trusting import trusting

IGNORED = ".specship/\n__pycache__/\n"


class Release:
    """A project whose release a session measured, and the key that may sign it."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "release.key"
        self.key = new_key(self.secret)
        self.folder = make_project(folder / "project")
        (self.folder / ".gitignore").write_text(IGNORED)
        table = f"[tool.specship]\ntrusted_keys = [{trusting(self.key, owner='Release managers')}]\n"
        edit(self.folder / "pyproject.toml", "[tool.specship]\n", table)
        git(self.folder, "init", "-q", "-b", "main", ".")
        commit(self.folder)
        done = run_pytest(self.folder, "-m", "ship", "--specship-profile", "release")
        assert "2 failed, 1 skipped" in done.stdout, done.stdout  # nobody signed it yet


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return Release(tmp_path_factory.mktemp("measured"))


@pytest.fixture(scope="module")
def signed(measured: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project once its release was signed and committed."""
    folder = shutil.copytree(measured.folder, tmp_path_factory.mktemp("signed") / "project")
    done = inside(folder, "evidence", "sign", "--key", measured.secret)
    assert done.returncode == 0, done.stdout + done.stderr
    commit(folder)
    return folder


@pytest.fixture
def project(measured: Release, tmp_path: Path) -> Path:
    return shutil.copytree(measured.folder, tmp_path / "project")


def checked(folder: Path, status: int = 0) -> dict[str, Any]:
    done = inside(folder, "evidence", "verify", "--format", "json")
    assert done.returncode == status, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def gates(folder: Path) -> dict[str, Any]:
    report = json.loads(inside(folder, "status", "--format", "json").stdout)
    release = next(model for model in report["models"] if model["profile"] == "release")
    return {gate["id"]: gate for criterion in release["criteria"] for gate in criterion["gates"]}


def test_a_signed_release_is_the_same_in_a_clone_without_artifacts(signed: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(signed), "clone")
    found = gates(tmp_path / "clone")

    assert [(gate["verdict"], gate["fresh"]) for gate in found.values()][:2] == [("PASS", True)] * 2
    (signer,) = found["GATE-SMALL-001"]["signers"]
    assert (signer["owner"], signer["purposes"]) == ("Release managers", ["release", "arming"])
    assert signer["key_id"].startswith("sha256:")
    shown = inside(tmp_path / "clone", "explain", "GATE-SMALL-001").stdout
    assert f"{signer['key_id'][:19]} Release managers" in shown
    assert "Release managers" in inside(tmp_path / "clone", "status", "--format", "markdown").stdout
    assert checked(tmp_path / "clone")["problems"] == []


def test_what_was_signed_is_not_signed_again(signed: Path, measured: Release) -> None:
    before = sorted(path.name for path in (signed / "evidence").iterdir())
    done = inside(signed, "evidence", "sign", "--key", measured.secret)

    assert done.returncode == 0
    assert done.stdout.count("as it was") == 2
    assert sorted(path.name for path in (signed / "evidence").iterdir()) == before


def dirty(folder: Path, _release: Release) -> None:
    edit(folder / "contracts/small-v1.yaml", "at_least: 10,", "at_least: 11,")


def hidden(folder: Path, release: Release) -> None:
    dirty(folder, release)
    git(folder, "update-index", "--assume-unchanged", "contracts/small-v1.yaml")


def other_bytes(folder: Path, _release: Release) -> None:
    """The session measured what lies there no more."""
    (path,) = (folder / ".specship/artifacts/MODEL-1/release/corpus").glob("*/train.jsonl")
    path.write_text(path.read_text() + "\n")


def not_measured(folder: Path, _release: Release) -> None:
    shutil.rmtree(folder / ".specship/ledger")


REFUSED: dict[str, tuple[Callable[[Path, Release], None], int, str]] = {
    "files that are not committed": (dirty, 2, "contracts/small-v1.yaml: not as it is committed"),
    "files that git is told to overlook": (hidden, 2, "contracts/small-v1.yaml: not as it is committed"),
    "nothing that a session measured": (not_measured, 1, "no session measured it as it is today"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_signed_says_why(project: Path, measured: Release, case: str) -> None:
    act, status, says = REFUSED[case]
    act(project, measured)
    done = inside(project, "evidence", "sign", "--key", measured.secret)

    assert done.returncode == status, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    assert not list((project / "evidence").glob("*.json")) if (project / "evidence").exists() else True


def test_other_bytes_are_not_signed(project: Path, measured: Release) -> None:
    other_bytes(project, measured)
    done = inside(project, "evidence", "sign", "--key", measured.secret)

    assert done.returncode in {1, 2}
    assert "signed      GATE" not in done.stdout
    assert not list(project.glob("evidence/*.json"))


def test_another_verdict_is_not_signed(project: Path, measured: Release) -> None:
    """The probe passes in the session, and fails once the release is to be signed: a flaky gate."""
    flag = project.parent / "flag"
    edit(
        project / "probes/small.py",
        '"documents": len(lines)',
        f'"documents": len(lines) if not os.path.exists("{flag}") else 0',
    )
    commit(project)
    run_pytest(project, "-m", "ship", "--specship-profile", "release")
    flag.write_text("")
    done = inside(project, "evidence", "sign", "--key", measured.secret)

    assert done.returncode == 2, done.stdout + done.stderr
    assert "the verdict was PASS and is FAIL" in done.stderr
    assert not list(project.glob("evidence/*.json"))


def keys_that_do_not_do(folder: Path, release: Release, tmp_path: Path) -> dict[str, Any]:
    shutil.copy(release.secret, folder / "release.key")
    readable = tmp_path / "readable.key"
    shutil.copy(release.secret, readable)
    readable.chmod(0o644)
    new_key(tmp_path / "stranger.key")
    (tmp_path / "folder.key").mkdir()
    (tmp_path / "junk.key").write_text("secret")
    (tmp_path / "junk.key").chmod(0o600)
    return {
        "would lie inside the checkout": folder / "release.key",
        "others may read": readable,
        "evidence that this key signs would count for no release": tmp_path / "stranger.key",
        "not a private key of 64": tmp_path / "junk.key",
        "cannot be read": tmp_path / "nowhere.key",
        "not a regular file": tmp_path / "folder.key",
    }


def test_keys_that_sign_nothing(project: Path, measured: Release, tmp_path: Path) -> None:
    for says, path in keys_that_do_not_do(project, measured, tmp_path).items():
        done = inside(project, "evidence", "sign", "--key", path)
        assert done.returncode == 2
        assert says in done.stderr
        assert "secret" not in done.stderr
    none = inside(project, "evidence", "sign")
    assert "no key was named" in none.stderr


def test_the_key_of_this_checkout_signs_no_release(project: Path, tmp_path: Path) -> None:
    own = local_key(project / ".specship")
    secret = tmp_path / "own.key"
    secret.write_bytes((project / ".specship/keys/local.ed25519").read_bytes())
    secret.chmod(0o600)
    edit(project / "pyproject.toml", "trusted_keys = [", f"trusted_keys = [{trusting(own)}, ")
    commit(project)
    done = inside(project, "evidence", "sign", "--key", secret)

    assert done.returncode == 2
    assert "this checkout's own" in done.stderr
    for verb in ("status", "lint"):
        shown = inside(project, verb)
        assert shown.returncode == (2 if verb == "lint" else 1)
        assert "is refused for release and arming" in shown.stdout
    assert gates(project)["GATE-SMALL-001"]["fresh"] is False


def test_a_variable_is_a_key_and_no_child_has_it(
    project: Path, measured: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECSHIP_SIGNING_KEY", measured.secret.read_text().strip())
    done = inside(project, "evidence", "sign", "--profile", "release")

    assert done.returncode == 0, done.stderr
    assert "SPECSHIP_SIGNING_KEY" not in os.environ
    assert done.stdout.count("signed      GATE") == 2


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real ssh-agent with nothing in it."""
    path = tmp_path / "agent"
    child = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    yield path
    child.terminate()
    child.wait()
    child.stdout.close()


def hand_over(key: SigningKey, folder: Path, name: str) -> None:
    private: Any = key.private
    assert isinstance(private, Ed25519PrivateKey)
    path = folder / name
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    subprocess.run(["ssh-add", "-q", str(path)], check=True, capture_output=True)
    path.unlink()


@pytest.mark.usefixtures("agent")
def test_an_agent_signs_with_the_key_that_it_holds(project: Path, measured: Release, tmp_path: Path) -> None:
    empty = inside(project, "evidence", "sign", "--agent")
    assert "0 ed25519 keys of the ssh-agent are meant" in empty.stderr

    hand_over(key_of_file(measured.secret), tmp_path, "release")
    hand_over(new_key(tmp_path / "other.key"), tmp_path, "other")
    done = inside(project, "evidence", "sign", "--agent")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("signed      GATE") == 2
    assert checked(project)["problems"] == []
    stranger = inside(project, "evidence", "sign", "--agent", "sha256:")
    assert "2 ed25519 keys" in stranger.stderr


def test_without_an_agent_it_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "there is no ssh-agent" in inside(project, "evidence", "sign", "--agent").stderr

    monkeypatch.setenv("SSH_AUTH_SOCK", str(project / "nowhere"))
    assert "cannot be asked" in inside(project, "evidence", "sign", "--agent").stderr


def test_keygen_prints_what_trusts_the_key(tmp_path: Path) -> None:
    done = inside(tmp_path, "evidence", "keygen", tmp_path / "new.key")
    key = key_of_file(tmp_path / "new.key")

    assert done.returncode == 0
    assert f'key = "{key.public.hex()}"' in done.stdout
    assert (tmp_path / "new.key").stat().st_mode & 0o777 == 0o600
    again = inside(tmp_path, "evidence", "keygen", tmp_path / "new.key")
    assert "something here already" in again.stderr
    (tmp_path / ".git").mkdir()
    within = inside(tmp_path, "evidence", "keygen", tmp_path / "other.key")
    assert within.returncode == 2
    assert not (tmp_path / "other.key").exists()


def test_each_statement_says_whether_it_counts(signed: Path) -> None:
    found = checked(signed)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in found["statements"]:
        by_kind.setdefault(one["kind"], []).append(one)

    assert {"evidence", "attempt", "artifact"} <= by_kind.keys()
    own = [one for one in by_kind["evidence"] if one["path"].startswith(".specship/")]
    assert all("this checkout's own" in one["why"][0] for one in own if "release" in one["about"])
    made = [one for one in by_kind["artifact"] if one["path"].startswith("evidence/")]
    assert all(one["counts"] and one["lineage"] for one in made)
    shown = inside(signed, "evidence", "show", made[0]["digest"][:12])
    assert shown.returncode == 0
    assert "Release managers (release, arming)" in shown.stdout
    assert '"format": "specship-artifact/1"' in shown.stdout


def test_a_statement_that_was_committed_and_is_gone_is_named(signed: Path, tmp_path: Path) -> None:
    """The newest one: no other statement names it."""
    git(tmp_path, "clone", "-q", str(signed), "clone")
    folder = tmp_path / "clone"
    newest = max(
        (one for one in checked(folder)["statements"] if one["kind"] == "evidence"),
        key=lambda one: one["moment"],
    )
    for path in (folder / "evidence").glob("*.json"):  # and its attempt, which would miss it
        one = json.loads(inside(folder, "evidence", "show", path.stem, "--format", "json").stdout)
        if one["digest"] == newest["digest"] or (
            "about to be measured" in one["about"] and newest["about"][:14] in one["about"]
        ):
            path.unlink()
    commit(folder)
    found = checked(folder, status=1)

    assert any(
        f"evidence/{newest['digest']}.json was committed, and is gone" in one for one in found["problems"]
    )


def test_clocks_that_ran_backwards_and_lineages_that_end_are_named(signed: Path, tmp_path: Path) -> None:
    """A statement below one that is a day younger, and one of an artifact whose input nobody signed."""
    project = Path(shutil.copytree(signed, tmp_path / "project"))
    writer = LedgerWriter(
        project / ".specship/ledger", [project / ".specship/ledger"], local_key(project / ".specship")
    )
    ledger = writer.read()
    newest, made = ledger.statements[-1], ledger.artifacts[-1].record
    begun = newest.evidence.started - timedelta(days=1)
    early = {"started": begun, "ended": begun, "parents": (newest.digest,)}
    append(writer.folder, newest.evidence.model_copy(update=early), writer.key)
    of_what = made.artifact.ingredients.model_copy(update={"inputs": {"sources": "5" * 64}})
    digest = artifact_digest(made.makes, made.artifact.files, of_what.inputs)
    other = made.artifact.model_copy(update={"ingredients": of_what, "digest": digest})
    append(writer.folder, made.model_copy(update={"artifact": other}), writer.key)
    shown = inside(project, "evidence", "verify")

    assert shown.returncode == 1
    assert f"and names sha256:{newest.digest[:12]}" in shown.stdout
    assert "a clock ran backwards" in shown.stdout
    assert (
        f"{made.makes} was made from sources 555555555555…, of which there is no stage statement"
        in shown.stdout
    )
    assert "3 problems" in shown.stdout  # the attempt that it names is younger too


def test_one_of_a_kind_is_one_and_not_several(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    append(project / ".specship/ledger", evidence(attempt=""), local_key(project / ".specship"))

    assert "1 statement read, 0 count today, 0 not signed" in inside(project, "evidence", "verify").stdout
    mended = inside(project, "evidence", "mend").stdout
    assert "0 temporary files swept, 0 entries taken over" in mended
    assert "the ledger is whole: 1 entry\n" in mended


def test_a_revoked_key_cannot_backdate(signed: Path, measured: Release, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(signed), "clone")
    folder = tmp_path / "clone"
    edit(folder / "pyproject.toml", "until = 2099-12-31", "until = 2099-12-31, revoked = 2020-02-02")
    commit(folder)

    assert "revoked on 2020-02-02" in gates(folder)["GATE-SMALL-001"]["reason"]
    assert measured.key.public.hex() in (folder / "pyproject.toml").read_text()
