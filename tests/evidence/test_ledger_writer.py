"""Writing to a ledger of several kinds: parents, announcements, marks, and what never gets there."""

from pathlib import Path
from typing import Any

import pytest

from specship.digests import sha256_bytes
from specship.errors import UnusableInput
from specship.evidence.artifact_record import ArtifactRecord, FileRecord, Ingredients, artifact_digest
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark
from specship.evidence.entry import seal_record
from specship.evidence.envelope import seal_payload
from specship.evidence.ledger import read_ledger
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.signing import local_key
from specship.evidence.statement import ANNOUNCED
from tests.evidence.statements import ENVIRONMENT, NOW, evidence, write_result

FILES = (FileRecord(name="train.jsonl", bytes=3, sha256="b" * 64),)


@pytest.fixture
def writer(tmp_path: Path) -> LedgerWriter:
    return LedgerWriter(tmp_path / "ledger", [tmp_path / "ledger"], local_key(tmp_path / "state"))


def made(**changes: Any) -> MadeArtifact:
    ingredients = Ingredients(settings={}, inputs={}, code="c" * 64, packages={"python": "3"})
    artifact = ArtifactRecord(
        makes="corpus", ingredients=ingredients, files=FILES, digest=artifact_digest("corpus", FILES, {}),
        finished=NOW.isoformat(), seconds=1.0,
    )  # fmt: skip
    facts = {
        "model": "MODEL-1", "profile": "rehearsal", "makes": "corpus", "stage": "corpus",
        "artifact": artifact, "environment": ENVIRONMENT, "signed": NOW,
    }  # fmt: skip
    return MadeArtifact.model_validate(facts | changes)


def announcement() -> Attempt:
    facts = {fact: getattr(evidence(), fact) for fact in ANNOUNCED}
    return Attempt.model_validate(facts | {"started": evidence().started})


def test_every_kind_names_the_heads_of_all_kinds(writer: LedgerWriter) -> None:
    corpus = writer.append(made())
    digest = write_result(writer, evidence())
    found = read_ledger([writer.folder], keys=frozenset({writer.key.public}))
    (attempt,), (statement,), (artifact,) = found.attempts, found.statements, found.artifacts

    assert (artifact.digest, attempt.record.parents) == (corpus.digest, (corpus.digest,))
    assert (statement.digest, statement.evidence.attempt) == (digest, attempt.digest)
    assert statement.evidence.parents == (attempt.digest,)
    assert found.heads == (digest,)
    assert artifact.record == made()
    assert all(entry.signers == {writer.key.public} for entry in found.entries)
    assert (found.flaws, found.unfinished) == (0, ())


@pytest.mark.parametrize("kind", ["attempts", "artifacts", "statements"])
def test_a_hole_of_any_kind_is_a_flaw(writer: LedgerWriter, kind: str) -> None:
    writer.append(made())
    write_result(writer, evidence())
    write_result(writer, evidence(gate="GATE-A-002"))
    before = writer.read()
    gone = next(entry.digest for entry in getattr(before, kind) if entry.digest not in before.heads)
    (writer.folder / f"{gone}.json").unlink()
    found = read_ledger([writer.folder], keys=frozenset())

    assert found.holes == (gone,)
    assert found.flaws == (2 if kind == "statements" else 1)


def test_an_attempt_is_marked_until_its_result_is_there(writer: LedgerWriter) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), writer.announced(announcement()) as attempt:
        interrupt()
    after = writer.read()
    with writer.announced(announcement().model_copy(update={"gate": "GATE-A-002"})) as other:
        during = writer.read()

    assert after.marks == {attempt.digest: Mark.INTERRUPTED}
    assert during.marks == {attempt.digest: Mark.INTERRUPTED, other.digest: Mark.UNDER_WAY}
    assert (during.lost, after.flaws) == ((), 0)
    (writer.folder / f"{attempt.digest}.open").unlink()
    assert {entry.digest for entry in writer.read().lost} == {attempt.digest, other.digest}
    assert writer.read().flaws == 2


def test_marks_of_what_has_its_result_are_swept(writer: LedgerWriter) -> None:
    write_result(writer, evidence())
    (done,) = writer.read().attempts
    for digest in (done.digest, "f" * 64):
        (writer.folder / f"{digest}.open").touch()
    writer.sweep()

    assert [path.stem for path in writer.folder.glob("*.open")] == ["f" * 64]


def other_digest(document: dict[str, Any]) -> None:
    document["artifact"]["digest"] = "0" * 64


def no_files(document: dict[str, Any]) -> None:
    document["artifact"]["files"] = []


def another_artifact(document: dict[str, Any]) -> None:
    document["makes"] = "tokenizer"


def more(document: dict[str, Any]) -> None:
    document["trusted"] = True


def another_format(document: dict[str, Any]) -> None:
    document["format"] = "specship-artifact/2"


@pytest.mark.parametrize("edit", [other_digest, no_files, another_artifact, more, another_format])
def test_a_stage_statement_that_contradicts_itself_is_damaged(writer: LedgerWriter, edit: Any) -> None:
    document = made().document()
    edit(document)
    data = seal_payload(MadeArtifact.PAYLOAD_TYPE, document, writer.key)
    writer.folder.mkdir()
    (writer.folder / f"{sha256_bytes(data)}.json").write_bytes(data)
    (damaged,) = read_ledger([writer.folder], keys=frozenset()).damaged

    assert damaged.message.startswith("not a stage statement: ")


@pytest.mark.parametrize("kind", ["application/vnd.specship.waiver+json", "application/vnd.in-toto+json", ""])
def test_a_kind_is_what_was_signed(writer: LedgerWriter, kind: str) -> None:
    """No payload is read as another kind, and an unknown one is named."""
    data = seal_payload(kind, announcement().document(), writer.key)
    writer.folder.mkdir()
    (writer.folder / f"{sha256_bytes(data)}.json").write_bytes(data)
    found = read_ledger([writer.folder], keys=frozenset())

    assert (found.entries, len(found.damaged)) == ((), 1)


def test_what_no_reader_would_take_is_not_written(writer: LedgerWriter) -> None:
    files = tuple(FileRecord(name=f"{number}", bytes=1, sha256="b" * 64) for number in range(9000))
    artifact = made().artifact.model_copy(
        update={"files": files, "digest": artifact_digest("corpus", files, {})}
    )
    with pytest.raises(UnusableInput, match="bytes; at most"):
        writer.append(made(artifact=artifact))

    assert not list(writer.folder.glob("*"))
    assert len(seal_record(made(), writer.key)) < 4000
