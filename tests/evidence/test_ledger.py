"""Statements and the ledger: what is written is found again, and what was touched is not believed."""

import base64
import json
import multiprocessing
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specship.contracts.judging import Verdict
from specship.digests import sha256_bytes
from specship.errors import CannotWrite, DamagedArtifact, SpecshipError, UnusableInput
from specship.evidence.ledger import AnyEntry, append, gathered, open_entry, read_ledger
from specship.evidence.signing import SigningKey, check_public_key, local_key, verifies
from specship.evidence.statement import seal, unseal
from specship.status.folding import standing
from tests.evidence.statements import NOW, announced, evidence, today
from tests.places import ROOT


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return local_key(tmp_path / "state")


def test_what_is_written_is_read_again(tmp_path: Path, key: SigningKey) -> None:
    digest = append(tmp_path, evidence(), key)
    ledger = read_ledger([tmp_path], keys=frozenset({key.public}))

    assert [entry.digest for entry in ledger.statements] == [digest]
    assert ledger.statements[0].evidence == evidence()
    assert ledger.statements[0].signers == {key.public}
    assert ledger.heads == (digest,)


def test_a_statement_is_in_toto_in_dsse(tmp_path: Path, key: SigningKey) -> None:
    """The shape that other tools read: in-toto Statement v1, test-result v0.1, DSSE v1."""
    digest = append(tmp_path, evidence(), key)
    envelope = json.loads((tmp_path / f"{digest}.json").read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))

    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"] == [{"name": "run", "digest": {"sha256": "e" * 64}}]
    assert statement["predicate"]["result"] == "PASSED"
    assert statement["predicate"]["passedTests"] == ["GATE-A-001"]


@pytest.mark.parametrize("verdict", ["FAIL", "ERROR"])
def test_only_a_pass_says_passed(verdict: str, key: SigningKey) -> None:
    payload = json.loads(base64.b64decode(json.loads(seal(evidence(verdict=verdict), key))["payload"]))

    assert payload["predicate"]["result"] == "FAILED"
    assert payload["predicate"]["passedTests"] == []


def test_figures_that_json_lacks_survive_as_no_figures(key: SigningKey) -> None:
    """NaN is written as text, which no limit on numbers accepts."""
    opened = unseal(seal(evidence(loss=float("nan")), key), keys=frozenset(), at="x")

    assert opened.evidence.measurement is not None
    assert opened.evidence.measurement.quantities["loss"].value == "nan"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), byte=st.integers(min_value=1, max_value=255))
def test_no_changed_byte_is_credited(place: int, byte: int, key: SigningKey) -> None:
    """Any single byte of a statement, turned into any other, loses either its reader or its signer."""
    data = bytearray(seal(evidence(), key))
    data[place % len(data)] ^= byte
    try:
        opened = unseal(bytes(data), keys=frozenset({key.public}), at="x")
    except SpecshipError:
        return
    if opened.signers:  # white space, and the key id, which is only a hint
        assert opened.evidence == evidence()


def change_payload(envelope: dict[str, Any], **facts: Any) -> None:
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["configuration"][0]["annotations"].update(facts)
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()


TAMPERING: dict[str, Callable[[dict[str, Any]], None]] = {
    "an edited measurement": lambda e: change_payload(e, seconds=0.001),
    "another payload type": lambda e: e.update(payloadType="application/vnd.specship.waiver+json"),
    "no signature": lambda e: e.update(signatures=[]),
    "an unsigned member": lambda e: e.update(note="trust me"),
    "junk in the base64": lambda e: e.update(payload=e["payload"][:-4] + "!!!!"),
    "a signature of another length": lambda e: e["signatures"][0].update(sig="AAAA"),
    "an unsigned member of a signature": lambda e: e["signatures"][0].update(role="release"),
}


@pytest.mark.parametrize("case", TAMPERING, ids=lambda case: case.replace(" ", "-"))
def test_tampering_is_refused_or_unsigned(case: str, key: SigningKey) -> None:
    envelope = json.loads(seal(evidence(), key))
    TAMPERING[case](envelope)
    try:
        opened = unseal(json.dumps(envelope).encode(), keys=frozenset({key.public}), at="x")
    except DamagedArtifact:
        return

    assert not opened.signers


def test_a_file_that_no_digest_names_is_to_be_deleted_and_a_damaged_one_restored(
    tmp_path: Path, key: SigningKey
) -> None:
    """Nothing in git, and nothing elsewhere, has a file of such a name."""
    for name in ("notes", "0" * 64):
        (tmp_path / f"{name}.json").write_text("{}")
    damaged, notes = read_ledger([tmp_path], keys=frozenset({key.public})).damaged

    assert (damaged.mend, notes.mend) == (
        "restore the file from git, or set it aside with `specship evidence mend`",
        "delete it: no entry of a ledger has such a name",
    )


def test_a_key_nobody_listed_signs_for_nobody(tmp_path: Path, key: SigningKey) -> None:
    other = local_key(tmp_path / "other")
    opened = unseal(seal(evidence(), other), keys=frozenset({key.public}), at="x")

    assert opened.signers == frozenset()


def test_keys_of_small_order_are_refused() -> None:
    """With them one signature verifies for many messages."""
    identity = (1).to_bytes(32, "little")
    order_two = (2**255 - 20).to_bytes(32, "little")
    order_eight = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    above_prime = (2**255 - 19 + 3).to_bytes(32, "little")

    for bad in (identity, order_two, bytes(32), order_eight, above_prime, b"short"):
        with pytest.raises(UnusableInput, match="not usable as a public key"):
            check_public_key(bad)


def test_the_signature_covers_the_type(key: SigningKey) -> None:
    signature = key.sign("a", b"payload")

    assert verifies(key.public, signature, "a", b"payload")
    assert not verifies(key.public, signature, "b", b"payload")
    assert not verifies(key.public, signature, "a", b"Payload")


def test_a_file_that_is_not_its_name_is_named_and_skipped(tmp_path: Path, key: SigningKey) -> None:
    good = append(tmp_path, evidence(), key)
    bad = append(tmp_path, evidence(loss=3.0), key)
    path = tmp_path / f"{bad}.json"
    path.write_bytes(path.read_bytes() + b"\n")
    (tmp_path / ("0" * 64 + ".json")).symlink_to(path)
    ledger = read_ledger([tmp_path], keys=frozenset({key.public}))

    assert [entry.digest for entry in ledger.statements] == [good]
    assert len(ledger.damaged) == 2


def test_a_deleted_statement_leaves_a_named_hole(tmp_path: Path, key: SigningKey) -> None:
    first = append(tmp_path, evidence(), key)
    append(tmp_path, evidence(loss=3.0, parents=(first,)), key)
    (tmp_path / f"{first}.json").unlink()

    assert read_ledger([tmp_path], keys=frozenset()).holes == (first,)


def test_writing_twice_changes_nothing(tmp_path: Path, key: SigningKey) -> None:
    assert append(tmp_path, evidence(), key) == append(tmp_path, evidence(), key)
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_other_bytes_under_the_name_are_never_replaced(tmp_path: Path, key: SigningKey) -> None:
    data = seal(evidence(), key)
    path = tmp_path / f"{sha256_bytes(data)}.json"
    path.write_text("{}")

    with pytest.raises(CannotWrite, match="taken by other bytes"):
        append(tmp_path, evidence(), key)
    assert path.read_text() == "{}"


def _write_many(folder: Path, state: Path, first: int) -> None:
    key = local_key(state)
    for number in range(25):
        append(folder, evidence(loss=float(first + number)), key)


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    """Four processes, half of whose statements are the same; one key is made between them."""
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_write_many, args=(tmp_path / "ledger", tmp_path / "state", first))
        for first in (0, 0, 25, 50)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    ledger = read_ledger([tmp_path / "ledger"], keys=frozenset({local_key(tmp_path / "state").public}))

    assert [writer.exitcode for writer in writers] == [0] * 4
    assert len(ledger.statements) == 75
    assert all(entry.signers for entry in ledger.statements)
    assert not list((tmp_path / "ledger").glob(".tmp-*"))


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path: Path, key: SigningKey) -> None:
    """The kernel refuses the write (a file size limit), in a process of its own."""
    append(tmp_path / "ledger", evidence(), key)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from specship.evidence.ledger import append\nfrom specship.evidence.signing import local_key\n"
        "from tests.evidence.statements import evidence\n"
        f"append(Path({str(tmp_path / 'ledger')!r}), evidence(loss=9.0), local_key(Path({str(tmp_path / 'state')!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )  # fmt: skip

    assert done.returncode != 0
    assert "CannotWrite" in done.stderr
    assert len(os.listdir(tmp_path / "ledger")) == 1  # noqa: PTH208
    assert len(read_ledger([tmp_path / "ledger"], keys=frozenset()).statements) == 1


def test_what_a_reader_would_refuse_is_never_written(tmp_path: Path, key: SigningKey) -> None:
    """Whole numbers beyond 2**53 are written so that they can be read; a statement too long is refused."""
    digest = append(tmp_path, evidence(loss=2**60), key)
    opened = read_ledger([tmp_path], keys=frozenset()).statements[0]

    assert opened.digest == digest
    assert opened.evidence.measurement is not None
    assert opened.evidence.measurement.quantities["loss"].value == float(2**60)
    with pytest.raises(UnusableInput, match="bytes; at most"):
        append(tmp_path, evidence(reason="x" * (1 << 20)), key)
    assert len(list(tmp_path.glob("*.json"))) == 1


class WholeLedger:
    """A ledger in which a gate passes, announced and signed by a key that counts; each file in turn is edited."""

    def __init__(self, folder: Path, key: SigningKey) -> None:
        self.key = frozenset({key.public})
        for one in announced(key, evidence()):
            append(folder, one.record, key)
        (statement,) = read_ledger([folder], keys=self.key).statements
        append(folder, evidence(ended=NOW, parents=(statement.digest,), gate="GATE-A-002"), key)
        self.files = sorted(folder.glob("*.json"))
        self.whole = [path.read_bytes() for path in self.files]
        self.opened = [self.open(*pair) for pair in zip(self.files, self.whole, strict=True)]
        self.now = today(key.public)

    def open(self, path: Path, data: bytes) -> AnyEntry | DamagedArtifact:
        try:
            return open_entry(path, data, keys=self.key)
        except DamagedArtifact as error:
            return error

    def earns(self, found: list[AnyEntry | DamagedArtifact]) -> bool:
        """Whether the gate discharges what waits for it."""
        ledger = gathered(
            [one for one in found if not isinstance(one, DamagedArtifact)],
            [one for one in found if isinstance(one, DamagedArtifact)],
        )
        known = standing(self.now, ledger.of_gate("GATE-A-001"), now=NOW)
        return known.fresh and known.verdict == Verdict.PASS and not ledger.flaws

    def edited(self, file: int, place: int, byte: int) -> bool:
        """Whether it earns anything with one byte of one file turned into another."""
        file %= len(self.files)
        data = bytearray(self.whole[file])
        data[place % len(data)] ^= byte
        changed = self.open(self.files[file], bytes(data))
        return self.earns([changed if number == file else one for number, one in enumerate(self.opened)])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> WholeLedger:
    return WholeLedger(tmp_path_factory.mktemp("whole"), local_key(tmp_path_factory.mktemp("key")))


EDITS = {
    "file": st.integers(min_value=0, max_value=99),
    "place": st.integers(min_value=0, max_value=99_999),
    "byte": st.integers(min_value=1, max_value=255),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**EDITS)
def test_no_edited_byte_of_a_ledger_earns_anything(
    whole: WholeLedger, file: int, place: int, byte: int
) -> None:
    """A single byte of any entry, turned into any other: what the whole ledger earned is lost, never more."""
    assert not whole.edited(file, place, byte)


@pytest.mark.slow
def test_no_edited_byte_of_ten_thousand_earns_anything(whole: WholeLedger) -> None:
    """The same, often."""
    chance = random.Random(0)  # noqa: S311 - places, no secrets
    edits = [
        (chance.randrange(99), chance.randrange(99_999), chance.randrange(1, 256)) for _ in range(10_000)
    ]

    assert not [edit for edit in edits if whole.edited(*edit)]


def test_the_whole_ledger_earns_something(whole: WholeLedger) -> None:
    assert whole.earns(whole.opened)
