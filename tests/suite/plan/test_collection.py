"""Whatever is edited, what is recalled contract by contract is what a reading of the whole project gives."""

import hashlib
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.contracts.document import Document, read_document
from specship.errors import SpecshipError
from specship.result_cache import recall, remember
from specship.suite.plan import contract_facts
from specship.suite.plan.collection import collect, gather_gates
from specship.suite.plan.plan import open_plan
from tests.processes import run_pytest
from tests.projects.contract_edits import EDITS, SECOND, three_contracts
from tests.projects.small_project import edit
from tests.projects.sound_project import SHORT

KEPT = ".pytest_cache/collection.json"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return three_contracts(tmp_path / "project")


Answer = tuple[Path, dict[str, list[Any]]] | str


def whole(project: Path, profile: str | None = None) -> Answer:
    """Folder and gates as a reading of everything gives them, or the text of every fault."""
    try:
        found = collect(open_plan(project, profile))
    except SpecshipError as error:
        return str(error)
    return found.folder, found.gates


def answer(project: Path, profile: str | None = None) -> Answer:
    """The same as a session comes by it, recalling what it can."""
    found = gather_gates(project, profile, project / KEPT)
    return whole(project, profile) if found is None else (found.folder, found.gates)


@pytest.mark.parametrize("case", EDITS, ids=lambda case: case.replace(" ", "-"))
def test_after_any_edit_and_after_its_end(case: str, project: Path, tmp_path: Path) -> None:
    """The same answer as a whole reading: while the edit stands, again, and once it is taken back."""
    before = answer(project)
    assert before == whole(project)
    kept = (project / KEPT).read_bytes()
    edited = tmp_path / "edited"
    shutil.copytree(project, edited)
    EDITS[case](edited)
    _exchange(project, edited)

    found = whole(project)
    assert answer(project) == found
    assert answer(project) == found

    _exchange(project, edited)
    (project / KEPT).write_bytes(kept)
    assert answer(project) == before


def _exchange(one: Path, other: Path) -> None:
    """Each folder under the name of the other."""
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


HARMLESS = [
    case for case in EDITS if case not in {"a pipe", "every contract is gone", "settings that are no TOML"}
]


@pytest.mark.parametrize("seed", range(12))
def test_one_edit_after_another(seed: int, project: Path) -> None:
    """Edits pile up, sound ones and others, and what each reading leaves serves the next."""
    draw = random.Random(seed)  # noqa: S311 - the same edits each time
    for case in draw.sample(HARMLESS, 8):
        try:
            EDITS[case](project)
        except (AssertionError, OSError):
            continue  # an edit before took away what it edits
        for profile in (None, draw.choice(("rehearsal", "release", "nobody"))):
            assert answer(project, profile) == whole(project, profile), case


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The contracts that are read from now on."""
    names: list[str] = []

    def reading(path: Path, *, root: Path | None = None) -> Document:
        names.append(path.name)
        return read_document(path, root=root)

    monkeypatch.setattr(contract_facts, "read_document", reading)
    return names


def test_an_edit_reads_one_contract(project: Path, read: list[str]) -> None:
    answer(project)
    assert len(read) == 3
    read.clear()
    answer(project)
    assert read == []
    EDITS["words of a rule"](project)
    answer(project)
    assert read == ["second-v1.yaml"]
    read.clear()
    EDITS["a contract is gone"](project)
    EDITS["a new contract"](project)
    answer(project)
    answer(project)

    assert read == ["new-v1.yaml"]


def test_the_spec_lets_every_contract_be_read(project: Path, read: list[str]) -> None:
    answer(project)
    read.clear()
    edit(project / SHORT["spec"], "The loss is low.", "The loss is lower.")
    answer(project)

    assert len(read) == 3


def test_a_contract_that_changes_while_it_is_read_is_read_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept is of the bytes that were read, whatever lies there by then."""

    def overtaken(path: Path, *, root: Path | None = None) -> Document:
        document = read_document(path, root=root)
        if path.name == "second-v1.yaml":
            path.write_text(path.read_text().replace("GATE-SECOND-002", "GATE-SECOND-003"))
        return document

    with monkeypatch.context() as patch:
        patch.setattr(contract_facts, "read_document", overtaken)
        answer(project)

    assert answer(project) == whole(project)
    assert "GATE-SECOND-003" in str(answer(project))


def _kept_as(project: Path, change: Callable[[Any], Any]) -> None:
    """Change what was kept, as whoever can write there could."""
    outer = json.loads((project / KEPT).read_text())
    changed = change(json.loads(outer["answer"]))
    remember(project / KEPT, outer["key"], changed)
    assert recall(project / KEPT, outer["key"]) == changed


Contracts = dict[str, list[Any]]
ODD_CONTRACTS: dict[str, Callable[[Contracts], Any]] = {
    "in a list": list,
    "without gates": lambda kept: {name: own[:2] for name, own in kept.items()},
    "with gates that are texts": lambda kept: {name: [*own[:2], "x"] for name, own in kept.items()},
    "with lines that are texts": lambda kept: {
        name: [*own[:2], [["G", "1", "s", "m", False]]] for name, own in kept.items()
    },
    "with one path": lambda kept: {name: [own[0], "x", own[2]] for name, own in kept.items()},
    "without a path": lambda kept: {name: [own[0], None, own[2]] for name, own in kept.items()},
}


@pytest.mark.parametrize("shape", ODD_CONTRACTS)
def test_contracts_kept_in_another_shape_are_not_believed(shape: str, project: Path) -> None:
    answer(project)
    _kept_as(project, lambda kept: [kept[0], ODD_CONTRACTS[shape](kept[1])])
    found = whole(project)

    assert answer(project) == found
    assert answer(project) == found


@pytest.mark.parametrize(
    "odd", [None, 3, [], [1], [[{}, 1], {}], [{"folder": 3}, {}], [{}, {}, {}]], ids=repr
)
def test_what_was_kept_in_another_shape_is_not_believed(odd: Any, project: Path) -> None:
    answer(project)
    _kept_as(project, lambda _: odd)

    assert answer(project) == whole(project)


@pytest.mark.parametrize(
    "odd", [3, None, "x", [[]], [["a", "b"]], {"a": 3}, {"a": [[], {}]}, {"a": [3, 4]}], ids=repr
)
@pytest.mark.parametrize("part", ["models", "devices", "overridden", "probes", "stages", "faults"])
def test_surroundings_in_another_shape_end_no_session(part: str, odd: Any, project: Path) -> None:
    """An edited contract is checked against them, or against what the project says."""
    answer(project)
    _kept_as(project, lambda kept: [kept[0] | {part: odd}, kept[1]])
    EDITS["a gate moves down"](project)

    assert answer(project) == whole(project)


def test_a_kept_digest_is_that_of_the_file(project: Path) -> None:
    answer(project)
    contracts = json.loads(json.loads((project / KEPT).read_text())["answer"])[1]

    assert contracts[SECOND][0] == hashlib.sha256((project / SECOND).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "case",
    ["a gate asks for a device", "another stage", "an id in two files", "two broken contracts", "a contract is gone",
     "an override of no gate", "a probe is gone"],
)  # fmt: skip
def test_a_session_that_recalls_shows_what_one_without_a_cache_shows(case: str, project: Path) -> None:
    """Ids, marks, the text of every fault and the exit status."""
    words = ("--collect-only", "-q", "-m", "MODEL-1 and train and not cuda")
    before = session(project, *words)
    assert before.stdout.count("::GATE") == 7
    EDITS[case](project)
    after = session(project, *words)
    uncached = session(project, "-p", "no:cacheprovider", *words)

    assert after.returncode == uncached.returncode
    assert _shown(after) == _shown(uncached) == _shown(session(project, *words))
    assert _shown(after) != _shown(before)


def session(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A session in the project, as a person runs it."""
    return run_pytest(project, *words)


def _shown(done: subprocess.CompletedProcess[str]) -> str:
    return re.sub(r" in [0-9.]+s", "", done.stdout)
