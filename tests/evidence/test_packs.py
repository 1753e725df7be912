"""A pack is read as if its entries' files lay there; a line that is damaged takes credit as a file does."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact
from specship.evidence.ledger import Ledger, read_ledger
from specship.evidence.packs import LARGEST_LINE, LARGEST_PACK, line_of, read_pack, unpacked
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.upkeep.indexed_ledger import IndexedReader
from tests.evidence.upkeep.test_indexed_ledger import filled


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return local_key(tmp_path_factory.mktemp("keys") / "state")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Path:
    """A ledger of single files with holes, attempts without a result, and a file that is damaged."""
    folder = tmp_path_factory.mktemp("plain") / "ledger"
    filled(folder, key, 3, 6)
    (folder / f"{'0' * 64}.json").write_text("{}")
    return folder


def packed(folder: Path, target: Path, chosen: list[str], packs: int = 1) -> Path:
    """A copy in which some entries stand in packs."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    lines: list[list[bytes]] = [[] for _ in range(packs)]
    for number, name in enumerate(chosen):
        path = target / f"{name}.json"
        lines[number % packs].append(line_of(name, path.read_bytes()))
        path.unlink()
    (target / "packs").mkdir()
    for number, own in enumerate(lines):
        (target / f"packs/{number}.0.0.jsonl").write_bytes(b"".join(own))
    return target


def read_both(folder: Path, key: SigningKey) -> Iterator[Ledger]:
    """Whole, and behind an index."""
    keys = frozenset({key.public})
    yield read_ledger([folder], keys=keys)
    yield IndexedReader([folder], keys=keys, state=folder.parent / "state", fewest=1).read()


def facts(ledger: Ledger) -> object:
    """All that a ledger says, but for places."""
    return (
        [(entry.digest, entry.signers) for entry in ledger.entries], ledger.holes, ledger.heads,
        dict(ledger.marks), ledger.flaws, [entry.digest for entry in ledger.lost], len(ledger.damaged),
        [error.message for error in ledger.damaged],
    )  # fmt: skip


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0, 1), packs=st.integers(1, 3))
def test_packed_entries_say_what_they_said_in_their_own_files(
    plain: Path,
    key: SigningKey,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    share: float,
    packs: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311
    names = sorted(path.stem for path in plain.glob("*.json"))
    chosen = [name for name in names if chance.random() < share]
    other = packed(plain, tmp_path_factory.mktemp("packed") / "ledger", chosen, packs)
    before = facts(read_ledger([plain], keys=frozenset({key.public})))

    for ledger in read_both(other, key):
        assert facts(ledger) == before


def test_an_entry_that_stands_twice_is_one(plain: Path, key: SigningKey, tmp_path: Path) -> None:
    names = sorted(path.stem for path in plain.glob("*.json"))[1:]
    other = packed(plain, tmp_path / "ledger", names)
    for name in names[::2]:
        shutil.copy(plain / f"{name}.json", other)
    pack = other / "packs/0.0.0.jsonl"
    (other / "packs/1.0.0.jsonl").write_bytes(b"".join(pack.read_bytes().splitlines(keepends=True)[::3]))

    for ledger in read_both(other, key):
        assert facts(ledger) == facts(read_ledger([plain], keys=frozenset({key.public})))


DATA = b'{"a": "\\"\\u00e9 \xc3\xa9\\n"}\n'
LINE = line_of(sha256_bytes(DATA), DATA)


def test_a_line_gives_back_the_very_bytes() -> None:
    assert unpacked(LINE, "x") == (sha256_bytes(DATA), DATA)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        LINE[:-1],
        LINE[: len(LINE) // 2],
        b" " + LINE,
        LINE.replace(b"\n", b"\r\n"),
        LINE.replace(b'"digest":', b'"digest": '),
        LINE.replace("é".encode(), b"\\u00e9"),
        LINE.replace("é".encode(), b"\xe9"),
        LINE.replace("é".encode(), b"\\ud800"),
        LINE.replace(b"}\n", b',"more":1}\n'),
        b"<<<<<<< ours\n",
    ],
    ids=repr,
)
def test_what_no_packing_writes_is_no_line(line: bytes) -> None:
    with pytest.raises(DamagedArtifact, match="not a line of a pack"):
        unpacked(line, "packs/1.0.0.jsonl:1")


def test_a_line_has_a_bound() -> None:
    frame = len(line_of("0" * 64, b""))
    assert len(unpacked(line_of("0" * 64, b"a" * (LARGEST_LINE - frame)), "x")[1]) == LARGEST_LINE - frame
    with pytest.raises(DamagedArtifact):
        unpacked(line_of("0" * 64, b"a" * (LARGEST_LINE - frame + 1)), "x")


def test_a_pack_has_a_bound(tmp_path: Path) -> None:
    pack = tmp_path / "1.0.0.jsonl"
    with pack.open("wb") as file:
        file.truncate(LARGEST_PACK)
    assert len(read_pack(pack)) == LARGEST_PACK
    with pack.open("ab") as file:
        file.truncate(LARGEST_PACK + 1)
    with pytest.raises(DamagedArtifact, match="64 MiB"):
        read_pack(pack)


def test_what_is_no_pack_is_named(plain: Path, key: SigningKey, tmp_path: Path) -> None:
    """A link, a folder, and bytes that are none: each costs credit, and none hides the others."""
    good = [path.stem for path in plain.glob("*.json") if path.stem != "0" * 64]
    other = packed(plain, tmp_path / "ledger", good)
    (other / "packs/1.0.0.jsonl").symlink_to("0.0.0.jsonl")
    (other / "packs/2.0.0.jsonl").mkdir()
    lines = (other / "packs/0.0.0.jsonl").read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"envelope"', b'"Envelope"')
    (other / "packs/0.0.0.jsonl").write_bytes(b"".join(lines))

    for ledger in read_both(other, key):
        places = sorted(Path(str(error.at)).name for error in ledger.damaged)
        assert places == ["0.0.0.jsonl:2", f"{'0' * 64}.json", "1.0.0.jsonl", "2.0.0.jsonl"]
        assert len(ledger.entries) == len(good) - 1
