"""A ledger behind its index answers as the whole one does, and believes no index over a file."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from specship.contracts.judging import Verdict
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import under_way
from specship.evidence.ledger import Ledger, append, read_ledger
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import ANNOUNCED
from specship.evidence.upkeep.index import _keyed_file
from specship.evidence.upkeep.indexed_ledger import IndexedLedger, IndexedReader
from specship.status.folding import entries_of, standing
from tests.evidence.statements import GATE, NOW, evidence, today

GATES = ("GATE-A-001", "GATE-A-002")
STATES = ("a" * 64, "b" * 64)
SUBJECTS = ({"run": "e" * 64}, {"run": "f" * 64})
LATER = NOW + timedelta(days=1)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return local_key(tmp_path / "state")


def read(folder: Path, key: SigningKey) -> Ledger:
    """The ledger, behind an index however small it is."""
    state = folder.parent / "state"
    return IndexedReader([folder], keys=frozenset({key.public}), state=state, fewest=1).read()


def index_of(folder: Path) -> Path:
    """The file that the index is."""
    (path,) = (folder.parent / "state/index").iterdir()
    return path


def asked(key: SigningKey) -> Iterator[Any]:
    """Every gate at every state that the ledgers here speak of."""
    profiles, ingredients = ("rehearsal", "release"), ("1" * 16, "2" * 16)
    for gate, state, subjects, profile, made in product(GATES, STATES, SUBJECTS, profiles, ingredients):
        bound = GATE.model_copy(update={"id": gate})
        yield today(
            key.public,
            gate=bound,
            gate_digest=state,
            subjects=subjects,
            profile=profile,
            ingredients={"run": made},
        )


def filled(folder: Path, key: SigningKey, seed: int, count: int) -> None:
    """A ledger of results, attempts without one, entries of another key, holes and files that are damaged."""
    chance, other = random.Random(seed), local_key(folder.parent / "other")  # noqa: S311
    parents: tuple[str, ...] = ()
    for number in range(count):
        moment = NOW + timedelta(seconds=seed * 1000 + chance.randrange(500))
        result = evidence(
            loss=chance.choice([2.0, 2.0, 3.0]), gate=chance.choice(GATES), gate_digest=chance.choice(STATES),
            subjects=chance.choice(SUBJECTS), profile=chance.choice(["rehearsal", "release"]),
            ingredients={"run": chance.choice("12") * 16}, started=moment, ended=moment, parents=parents,
        )  # fmt: skip
        facts = {fact: getattr(result, fact) for fact in ANNOUNCED}
        signer = chance.choice([key, key, key, other])
        attempt = append(
            folder, Attempt.model_validate(facts | {"started": moment, "parents": parents}), signer
        )
        end = chance.randrange(12)
        if end == 0 and number > count // 2:
            with pytest.raises(KeyboardInterrupt), under_way(folder, attempt):
                raise KeyboardInterrupt
            continue
        parents = (append(folder, result.model_copy(update={"attempt": attempt if end > 1 else ""}), signer),)
        if end <= 1:
            (folder / f"{attempt}.json").unlink()


def told(ledger: Ledger, key: SigningKey) -> dict[str, Any]:
    """Everything that is asked of a ledger on the way to a status."""
    found = {}
    for number, one in enumerate(asked(key)):
        known = standing(one, entries_of(one, ledger, now=LATER), now=LATER)
        found[number] = (
            known.verdict,
            known.fresh,
            known.reason,
            known.cautions,
            known.newest and known.newest.digest,
        )
    whole = {
        "holes": ledger.holes, "heads": ledger.heads, "marks": ledger.marks, "flaws": ledger.flaws,
        "lost": [entry.digest for entry in ledger.lost], "damaged": sorted(map(str, ledger.damaged)),
        "unfinished": [entry.digest for entry in ledger.unfinished],
    }  # fmt: skip
    return {**whole, "standings": found}


def test_it_answers_as_the_whole_ledger_does(tmp_path: Path, key: SigningKey) -> None:
    """Written at once, gone on with, holed and damaged; each time both are asked the same questions."""
    folder = tmp_path / "ledger"
    chance = random.Random(0)  # noqa: S311
    for step in range(5):
        filled(folder, key, step, 12)
        if step == 2:
            sorted(folder.glob("*.json"))[chance.randrange(20)].unlink()
        if step == 3:
            (folder / ("0" * 64 + ".json")).write_text("{}")
        indexed, whole = read(folder, key), read_ledger([folder], keys=frozenset({key.public}))

        assert isinstance(indexed, IndexedLedger)
        assert told(indexed, key) == told(whole, key)
        assert not indexed.doubts
        assert {entry.digest for entry in indexed.entries} == {entry.digest for entry in whole.entries}


def test_entries_that_are_newer_than_the_index_are_read(tmp_path: Path, key: SigningKey) -> None:
    folder = tmp_path / "ledger"
    filled(folder, key, 0, 10)
    read(folder, key)
    before = index_of(folder)
    filled(folder, key, 1, 10)
    indexed, whole = read(folder, key), read_ledger([folder], keys=frozenset({key.public}))

    assert index_of(folder) == before
    assert told(indexed, key) == told(whole, key)


def failing(folder: Path, key: SigningKey) -> str:
    """A gate that passed and failed on the same bytes; the digest of the failure."""
    digest = ""
    for loss in (2.0, 3.0):
        result = evidence(loss=loss)
        facts = {fact: getattr(result, fact) for fact in ANNOUNCED}
        attempt = append(
            folder,
            Attempt.model_validate(
                facts | {"started": result.started, "parents": (digest,) if digest else ()}
            ),
            key,
        )
        digest = append(folder, result.model_copy(update={"attempt": attempt}), key)
    filled(folder, key, 3, 6)
    return digest


def edit(path: Path, statement: str, key: SigningKey | None = None) -> None:
    """Change an index by hand; whoever has the key gives it the name that its bytes then ask for."""
    with sqlite3.connect(path) as base:
        assert base.execute(statement).rowcount
    base.close()
    if key is not None:
        secret = (path.parent.parent / "keys/local.ed25519").read_bytes()
        path.rename(path.with_name(f"{_keyed_file(path, secret)}.sqlite"))


EDITS = {
    "a failure told as one of another limit": "UPDATE entries SET limits = x'00' WHERE hex(digest) = upper('{}')",
    "a failure taken out": "DELETE FROM entries WHERE hex(digest) = upper('{}')",
    "heads taken out": "UPDATE facts SET value = '[]' WHERE name = 'heads'",
}


@pytest.mark.parametrize("case", EDITS, ids=lambda case: case.replace(" ", "-"))
def test_an_index_that_was_edited_is_built_again_and_told(case: str, tmp_path: Path, key: SigningKey) -> None:
    folder = tmp_path / "ledger"
    digest = failing(folder, key)
    one = today(key.public)
    before = standing(one, entries_of(one, read(folder, key), now=LATER), now=LATER)
    edit(index_of(folder), EDITS[case].format(digest))
    indexed = read(folder, key)
    after = standing(one, entries_of(one, indexed, now=LATER), now=LATER)

    assert before.verdict == after.verdict == Verdict.FAIL
    assert told(indexed, key) == told(read_ledger([folder], keys=frozenset({key.public})), key)
    assert "built again: its bytes are not the ones its name promises" in indexed.doubts[0]
    if "failure" in case:
        assert f"sha256:{digest[:12]}" in indexed.doubts[0]
    assert not read(folder, key).doubts


def test_one_that_was_forged_with_this_checkouts_key_is_caught_by_the_sample(
    tmp_path: Path, key: SigningKey
) -> None:
    """The sample sees what stands in many rows; a single one among thousands it may miss, and says `verify`."""
    folder = tmp_path / "ledger"
    failing(folder, key)
    read(folder, key)
    edit(index_of(folder), "UPDATE entries SET limits = x'00'", key)
    indexed = read(folder, key)

    assert "it disagrees with" in indexed.doubts[0]
    assert told(indexed, key) == told(read_ledger([folder], keys=frozenset({key.public})), key)


@pytest.mark.parametrize("data", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_what_is_no_index_is_built_again(data: bytes, tmp_path: Path, key: SigningKey) -> None:
    folder = tmp_path / "ledger"
    filled(folder, key, 0, 4)
    read(folder, key)
    index_of(folder).write_bytes(data)
    indexed = read(folder, key)

    assert told(indexed, key) == told(read_ledger([folder], keys=frozenset({key.public})), key)
    assert "what it said cannot be read" in indexed.doubts[0]


def test_a_file_that_decides_and_is_damaged_earns_nothing(tmp_path: Path, key: SigningKey) -> None:
    """It was sound when the index was made, and its name is there still."""
    folder = tmp_path / "ledger"
    digest = failing(folder, key)
    read(folder, key)
    (folder / f"{digest}.json").write_text("{}")
    indexed = read(folder, key)
    list(asked(key))
    one = today(key.public)
    entries_of(one, indexed, now=LATER)

    assert indexed.flaws
    assert any(digest in str(error) for error in indexed.damaged)


def test_where_no_index_can_be_kept_the_whole_ledger_is_read(tmp_path: Path, key: SigningKey) -> None:
    folder = tmp_path / "ledger"
    filled(folder, key, 0, 4)
    (tmp_path / "state/index").write_text("a file where a folder is wanted")

    assert not isinstance(read(folder, key), IndexedLedger)


def test_an_index_without_a_key_is_made_again_quietly_once_there_is_one(
    tmp_path: Path, key: SigningKey
) -> None:
    folder = tmp_path / "ledger"
    filled(folder, key, 0, 4)
    shutil.move(tmp_path / "state/keys", tmp_path / "kept")
    read(folder, key)
    shutil.move(tmp_path / "kept", tmp_path / "state/keys")
    indexed = read(folder, key)

    assert isinstance(indexed, IndexedLedger)
    assert not indexed.doubts


def test_it_is_read_in_order_and_not_kept(tmp_path: Path, key: SigningKey) -> None:
    """Newer entries stand among those of the index, and one that was damaged since is told."""
    folder = tmp_path / "ledger"
    filled(folder, key, 0, 10)
    read(folder, key)
    filled(folder, key, 1, 10)
    indexed, whole = read(folder, key), read_ledger([folder], keys=frozenset({key.public}))
    ordered = [entry.digest for entry in whole.in_order()]

    assert [entry.digest for entry in indexed.in_order()] == ordered
    assert [entry.digest for entry in indexed.artifacts] == [entry.digest for entry in whole.artifacts]
    for digest in (ordered[0], "0" * 64, "no digest"):
        there, here = whole.found(digest), indexed.found(digest)
        assert (there and there.digest) == (here and here.digest)

    (folder / f"{ordered[3]}.json").write_text("{}")
    assert [entry.digest for entry in indexed.in_order()] == [*ordered[:3], *ordered[4:]]
    assert [ordered[3] in str(error) for error in indexed.damaged] == [True]
