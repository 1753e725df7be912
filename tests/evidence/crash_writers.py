"""What is written in specship's name, one writer each, and what must be true of it after any failure."""

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from specship.digests import sha256_file
from specship.errors import UnusableInput
from specship.evidence.arming import Arming, FaultSeen, read_armings, write_arming
from specship.evidence.ledger import Ledger, append, read_ledger
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.signing_again import finish_signing, sign_again
from specship.evidence.upkeep.indexed_ledger import IndexedReader
from specship.evidence.upkeep.mending import mend_ledger
from specship.files import publish_folder, write_errors, write_json
from specship.specs.records import Model, Profile
from specship.status.assess import assess
from specship.suite.artifacts.store import Store
from tests.evidence.statements import ENVIRONMENT, GATE, NOW, evidence, today, write_result
from tests.suite.artifacts.finished import finished

Acknowledge = Callable[[str], None]


class Writer(Protocol):
    """One path by which bytes reach the disk."""

    name: str
    sweeps: bool
    """Whether the next run writes into the same folders, and so sweeps them."""

    def prepare(self, folder: Path) -> None:
        """Lay out what is there before."""

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        """Write, and acknowledge what from then on must never be lost."""

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        """Assert that nothing acknowledged is lost, and nothing invented."""

    def whole(self, folder: Path) -> bool:
        """Whether everything is there, as after a run without failures."""


GATES: Final = tuple(f"GATE-A-00{number}" for number in range(1, 4))
MODEL: Final = Model.model_validate({
    "id": "MODEL-1", "title": "m", "criteria": tuple(
        {"id": f"AC-X-00{number}", "statement": "s", "weight": weight, "because": "b",
         "effort": {"gpu_hours": 0, "person_hours": 1}}
        for number, weight in ((1, 50), (2, 30), (3, 20))
    ),
})  # fmt: skip
PROFILE: Final = Profile(profile="rehearsal", kind="rehearsal", summary="s")


def _key(folder: Path) -> SigningKey:
    return local_key(folder / "state")


def _writer(folder: Path) -> LedgerWriter:
    return LedgerWriter(folder / "ledger", [folder / "ledger"], _key(folder))


def ship_percent(folder: Path, only: frozenset[str] | None = None) -> float:
    """What the ledger supports, or what some of its statements do, with the attempts that announced them."""
    key = _key(folder)
    ledger = read_ledger([folder / "ledger"], keys=frozenset({key.public}))
    if only is not None:
        kept = [entry for entry in ledger.statements if entry.digest in only]
        announced = {entry.evidence.attempt for entry in kept}
        entries = (*kept, *(entry for entry in ledger.attempts if entry.digest in announced))
        ledger = Ledger(entries, (), ())
    gates = []
    for number, gate in enumerate(GATES, 1):
        asked = GATE.model_copy(update={"id": gate, "binds_to": (f"AC-X-00{number}",)})
        gates.append(today(key.public, gate=asked))
    return assess(MODEL, PROFILE, gates, ledger, now=NOW + timedelta(minutes=1)).ship_percent


class Statements:
    """The ledger: three statements behind the attempts that announced them, each below the heads of now."""

    name = "ledger append"
    sweeps = True

    def prepare(self, folder: Path) -> None:
        _key(folder)

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        writer = _writer(folder)
        for gate in GATES:
            acknowledge(write_result(writer, evidence(gate=gate)))

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        ledger = read_ledger([folder / "ledger"], keys=frozenset({_key(folder).public}))
        present = {entry.digest for entry in ledger.statements}
        names = {path.stem for path in (folder / "ledger").glob("*.json")}

        assert set(acknowledged) <= present, "an acknowledged statement is lost"
        assert names == {entry.digest for entry in ledger.entries}, "a file is not what its name promises"
        assert all(entry.signers for entry in ledger.entries)
        assert not ledger.holes
        assert not ledger.lost, "a crash looks like a result that was taken away"
        low, high = (ship_percent(folder, frozenset(one)) for one in (acknowledged, present))
        assert low <= ship_percent(folder) <= high
        assert len(present) > len(acknowledged) or low == high

    def whole(self, folder: Path) -> bool:
        return ship_percent(folder) == 100.0


class Endless(Statements):
    """Statements without an end, each naming the one before; a number tells the runs apart."""

    name = "ledger append, endless"

    def __init__(self, number: int) -> None:
        self.number = number

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        key = _key(folder)
        parents: tuple[str, ...] = ()
        for count in range(900):
            loss = float(1000 * self.number + count)
            parents = (append(folder / "ledger", evidence(loss=loss, parents=parents), key),)
            acknowledge(parents[0])


class ArmingRecords:
    """A record of arming, and the one that takes its place."""

    name = "arming write"
    sweeps = True

    def prepare(self, folder: Path) -> None:
        _key(folder)

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        for code in ("1" * 64, "2" * 64):
            arming = Arming(
                gate="GATE-A-001", contract="contracts/a-v1.yaml", profile="rehearsal",
                gates={"rehearsal": "a" * 64}, environment=ENVIRONMENT, ended=NOW,
                faults={"frozen-weights": FaultSeen(code=code, fails=(), evidence="3" * 64)},
            )  # fmt: skip
            write_arming(folder / "arming", arming, _key(folder))
            acknowledge(code)

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        records, damaged = read_armings(folder / "arming", keys=frozenset({_key(folder).public}))
        codes = [entry.arming.faults["frozen-weights"].code for entry in records]

        assert not damaged
        assert all(entry.signers for entry in records)
        assert not acknowledged or acknowledged[-1] in codes, "an acknowledged record is lost"

    def whole(self, folder: Path) -> bool:
        return len(list((folder / "arming").glob("GATE-*.json"))) == 1


class Artifacts:
    """An artifact: its folder with a folder inside, its manifest, and that it is the current one."""

    name = "artifact publish"
    sweeps = True

    def prepare(self, folder: Path) -> None:
        store = self._store(folder)
        finished(Store(folder / "made", store.settings), "corpus")

    def _store(self, folder: Path) -> Store:
        return Store(folder / "artifacts", {"corpus": {"source": "folder", "licence": "Apache-2.0"}})

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        store = self._store(folder)
        try:
            made = Store(folder / "made", store.settings).current("corpus")
        except OSError:  # to read is not what is looked at here
            made = None
        if made is None:
            raise UnusableInput("what the stage made cannot be read")
        key = made.ingredients.key
        if not store.path("corpus", key).exists():
            partial = folder / "artifacts" / "corpus" / f"{key}.partial"
            with write_errors(partial):
                shutil.rmtree(partial, ignore_errors=True)
                shutil.copytree(folder / "made" / "corpus" / key, partial)
            publish_folder(partial, store.path("corpus", key))
        store.finish("corpus", key, made)
        acknowledge(made.digest)

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        record = self._store(folder).current("corpus")  # hashes every file, raises where one differs

        assert record is not None or not acknowledged, "an acknowledged artifact is lost"

    def whole(self, folder: Path) -> bool:
        return self._store(folder).current("corpus") is not None


class Keys:
    """This checkout's own key, made on first use."""

    name = "key made"
    sweeps = False  # a key is written once; `specship evidence mend` sweeps its folder

    def prepare(self, folder: Path) -> None:
        """Nothing is there before."""

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        acknowledge(_key(folder).public.hex())

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        if acknowledged or (folder / "state/keys/local.ed25519").exists():
            assert _key(folder).public.hex() in (acknowledged or [_key(folder).public.hex()])

    def whole(self, folder: Path) -> bool:
        return (folder / "state/keys/local.ed25519").exists()


class Reports:
    """A file that is replaced, as reports and manifests are."""

    name = "file replaced"
    sweeps = True

    def prepare(self, folder: Path) -> None:
        write_json(folder / "report.json", {"n": 0})

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        for number in (1, 2):
            write_json(folder / "report.json", {"n": number})
            acknowledge(str(number))

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        number = json.loads((folder / "report.json").read_text())["n"]
        assert number in {len(acknowledged), len(acknowledged) + 1}

    def whole(self, folder: Path) -> bool:
        return bool(json.loads((folder / "report.json").read_text())["n"] == 2)


class Releases(Statements):
    """What was measured with one key, signed with another into a folder of its own; the ledger of a clone."""

    name = "evidence sign"
    sweeps = False  # where all is signed nothing is written

    def prepare(self, folder: Path) -> None:
        own = folder / "measured"
        writer = LedgerWriter(own, [own], local_key(folder / "session"))
        for gate in GATES:
            write_result(writer, evidence(gate=gate))
        _key(folder)

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        known = read_ledger([folder / "measured"], keys=frozenset())
        if len(known.statements) != len(GATES):  # to read is not what is looked at here
            raise UnusableInput("what was measured cannot be read")
        writer = _writer(folder)
        finish_signing(writer, known)
        signed = {entry.evidence.gate: entry.digest for entry in writer.read().statements}
        for result in known.statements:
            if result.evidence.gate not in signed:
                sign_again(writer, known, result)
        for entry in writer.read().statements:
            acknowledge(entry.digest)

    def whole(self, folder: Path) -> bool:
        clone = shutil.copytree(folder / "ledger", folder / "clone", ignore=shutil.ignore_patterns("*.open"))
        there = read_ledger([clone], keys=frozenset())
        shutil.rmtree(clone)
        return super().whole(folder) and not there.flaws and len(there.statements) == len(GATES)


class Index:
    """The index of a ledger, built anew; whoever reads behind it is told what the files say."""

    name = "index built"
    sweeps = True

    def prepare(self, folder: Path) -> None:
        Statements().write(folder, lambda _digest: None)

    def _read(self, folder: Path) -> Ledger:
        keys = frozenset({_key(folder).public})
        return IndexedReader([folder / "ledger"], keys=keys, state=folder / "state", fewest=1).read()

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        for path in (folder / "state/index").glob("*.sqlite"):
            path.unlink()
        acknowledge(f"{len(self._read(folder).heads)} heads")

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        """Nothing half counts: where there is an index it is a whole one, and no doubt is left behind."""
        assert len(acknowledged) <= 1
        read, whole = self._read(folder), read_ledger([folder / "ledger"], keys=frozenset())

        assert not read.doubts
        assert (read.flaws, read.heads) == (whole.flaws, whole.heads) == (0, whole.heads)
        assert {one.digest for one in read.entries} == {one.digest for one in whole.entries}
        assert ship_percent(folder) == 100.0

    def whole(self, folder: Path) -> bool:
        return len(list((folder / "state/index").glob("*.sqlite"))) == 1


class Mending:
    """A copy that was not finished, completed from the ledger that it was copied from."""

    name = "evidence mend"
    sweeps = True
    anew = False

    def prepare(self, folder: Path) -> None:
        Statements().write(folder, lambda _digest: None)
        shutil.copytree(folder / "ledger", folder / "source")
        for number, path in enumerate(sorted((folder / "ledger").glob("*.json"))):
            if number % 3 == 0:
                path.unlink()
            if number % 3 == 1:
                path.write_bytes(path.read_bytes()[:100])
        (folder / "before.json").write_text(json.dumps(sorted(self._held(folder))))

    @staticmethod
    def _held(folder: Path) -> set[str]:
        """The bytes of every entry, sound or not, wherever it lies."""
        paths = (*(folder / "ledger").rglob("*.json"), *(folder / "state/set-aside").rglob("*.json"))
        return {sha256_file(path) for path in paths}

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        sources = [] if self.anew else [folder / "source"]
        done = mend_ledger(folder / "state", (folder / "ledger",), sources, anew=self.anew)
        if done.ledger.flaws:  # to read is not what is looked at here
            raise UnusableInput("what is left cannot be read")
        for entry in done.ledger.entries:
            acknowledge(entry.digest)

    def examine(self, folder: Path, acknowledged: Sequence[str]) -> None:
        ledger = read_ledger([folder / "ledger"], keys=frozenset())

        assert set(json.loads((folder / "before.json").read_text())) <= self._held(folder), "bytes are lost"
        assert set(acknowledged) <= {entry.digest for entry in ledger.entries}
        assert len(ledger.damaged) <= 2, "mending damaged an entry"

    def whole(self, folder: Path) -> bool:
        there, wanted = (read_ledger([folder / name], keys=frozenset()) for name in ("ledger", "source"))
        return not there.flaws and there.heads == wanted.heads and ship_percent(folder) == 100.0


class BegunAnew(Mending):
    """A ledger that stays broken, set aside whole."""

    name = "mend --anew"
    anew = True

    def write(self, folder: Path, acknowledge: Acknowledge) -> None:
        if read_ledger([folder / "ledger"], keys=frozenset()).entries:
            super().write(folder, acknowledge)

    def whole(self, folder: Path) -> bool:
        return not read_ledger([folder / "ledger"], keys=frozenset()).entries


WRITERS: Final[dict[str, Writer]] = {
    writer.name: writer
    for writer in (
        Statements(),
        ArmingRecords(),
        Artifacts(),
        Keys(),
        Reports(),
        Releases(),
        Index(),
        Mending(),
        BegunAnew(),
    )
}
