"""Artifacts that lie beside the project: the promised bytes are taken over, and others are not."""

import hashlib
import json
import os
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact, RequirementMissing, UnusableInput
from specship.evidence.artifact_record import ArtifactRecord, Ingredients, artifact_digest, list_files
from specship.evidence.entry import seal_record
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import Environment
from specship.pipeline.registry import maker_of, run_stage, stage_named
from tests.models import data_chain

NAME = "theirs/corpus"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in with somebody's corpus in it, as a stage's child process does."""
    root = data_chain.chain(tmp_path / "made")
    (tmp_path / "theirs").mkdir()
    shutil.copytree(root / "corpus", tmp_path / NAME)
    shutil.copytree(root / "tokenizer", tmp_path / "theirs/tokenizer")
    shutil.copytree(root / "shards", tmp_path / "theirs/shards")
    (tmp_path / "pyproject.toml").write_text('[tool.specship]\nspec = "specs/small"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def received(project: Path, makes: str = "corpus", **more: Any) -> Path:
    settings = {f"received_{makes}": {"folder": f"theirs/{makes}", "source": "the data team"} | more}
    run_stage(maker_of(makes, settings), settings, {}, project / "out", lambda *_, **__: None)
    return project / "out"


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("makes", ["corpus", "tokenizer", "shards"])
def test_a_folder_is_taken_over_as_it_lies_there(makes: str, project: Path) -> None:
    assert bytes_of(received(project, makes)) == bytes_of(project / "theirs" / makes)


def test_the_digest_is_the_one_that_a_shell_prints(project: Path) -> None:
    command = "sha256sum $(find * -type f | LC_ALL=C sort) | sha256sum"
    printed = subprocess.run(
        ["bash", "-c", command], cwd=project / NAME, capture_output=True, text=True, check=True
    )
    received(project, sha256=printed.stdout.split()[0])

    lengthen(project / NAME / "train.jsonl")
    with pytest.raises(
        DamagedArtifact, match=f"its sha256 is [0-9a-f]{{64}}, and {printed.stdout.split()[0]} was"
    ):
        received(project, sha256=printed.stdout.split()[0])


def test_a_large_file_is_not_copied_twice(project: Path) -> None:
    large = project / NAME / "more.bin"
    with large.open("wb") as file:
        file.truncate(65 << 20)
    taken = received(project) / "more.bin"

    assert taken.stat().st_size == 65 << 20
    assert taken.samefile(large) or taken.stat().st_blocks <= large.stat().st_blocks


def test_nothing_there_blocks(project: Path) -> None:
    with pytest.raises(RequirementMissing, match="the corpus that is to be taken over is not there"):
        received(project, folder="nowhere")


@pytest.mark.parametrize("kind", ["pipe", "folder that is linked"])
def test_what_is_no_file_is_refused(kind: str, project: Path) -> None:
    place = project / NAME / "more"
    os.mkfifo(place) if kind == "pipe" else place.symlink_to("/etc")
    with pytest.raises(DamagedArtifact, match="plain files and folders only"):
        received(project)


def test_another_byte_is_another_artifact(project: Path) -> None:
    settings = {"received_corpus": {"folder": NAME, "source": "s"}}
    outside = stage_named("received_corpus").outside
    assert outside is not None
    before = outside(settings, project)
    (project / NAME / "LICENCE.txt").write_text("Do as you like.\n")

    assert outside(settings, project) != before
    assert outside(settings, project / "nowhere") == outside(settings, project / "nobody")


ENVIRONMENT = Environment(
    device="cuda: NVIDIA H100", driver="", torch="2.9.0", python="3.11.9", platform="Linux x86_64", host="0" * 64,
    git_commit="", git_dirty=True,
)  # fmt: skip


def stated(project: Path, key: SigningKey, *, makes: str = "corpus") -> None:
    """A statement of whoever made the corpus, as their ledger holds it."""
    files = list_files(project / NAME)
    ingredients = Ingredients(settings={}, inputs={}, code="0" * 64, packages={})
    record = ArtifactRecord(
        makes=makes, ingredients=ingredients, files=files, digest=artifact_digest(makes, files, {}),
        finished=datetime.now(UTC).isoformat(), seconds=1,
    )  # fmt: skip
    made = MadeArtifact(
        model="MODEL-9", profile="release", makes=makes, stage=makes, artifact=record, environment=ENVIRONMENT,
        signed=datetime.now(UTC),
    )  # fmt: skip
    (project / "theirs/corpus.statement.json").write_bytes(seal_record(made, key))


def trust(project: Path, key: SigningKey) -> None:
    today = date.today()  # noqa: DTZ011 - a day is enough
    with (project / "pyproject.toml").open("a") as file:
        file.write(
            f'[[tool.specship.trusted_keys]]\nkey = "{key.public.hex()}"\nowner = "The data team"\n'
            f'purposes = ["release"]\nfrom = {today - timedelta(days=9)}\nuntil = {today + timedelta(days=9)}\n'
        )


def signed(project: Path, key: SigningKey) -> Path:
    return received(project, statement="theirs/corpus.statement.json", signed_by=key.public.hex())


def test_a_signed_statement_of_a_key_that_is_trusted_vouches_for_the_bytes(project: Path) -> None:
    key = local_key(project / "their-state")
    stated(project, key)
    trust(project, key)

    assert bytes_of(signed(project, key)) == bytes_of(project / NAME)


def test_a_statement_that_does_not_vouch_is_refused(project: Path) -> None:
    key, other = local_key(project / "their-state"), local_key(project / "another")
    stated(project, key)
    with pytest.raises(UnusableInput, match="was not trusted on"):
        signed(project, key)
    trust(project, key)
    with pytest.raises(DamagedArtifact, match="it is not signed with the key"):
        signed(project, other)
    stated(project, key, makes="shards")
    with pytest.raises(DamagedArtifact, match="about other bytes: it is about a shards"):
        signed(project, key)
    stated(project, key)
    lengthen(project / NAME / "train.jsonl")
    with pytest.raises(DamagedArtifact, match=r"about other bytes: first train\.jsonl"):
        signed(project, key)
    forged = json.loads((project / "theirs/corpus.statement.json").read_text())
    forged["signatures"][0]["keyid"] = hashlib.sha256(b"").hexdigest()
    forged["payload"] = forged["payload"][:-8] + "AAAA" + forged["payload"][-4:]
    (project / "theirs/corpus.statement.json").write_text(json.dumps(forged))
    with pytest.raises(UnusableInput):
        signed(project, key)
