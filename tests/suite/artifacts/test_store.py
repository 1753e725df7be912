"""The store of artifacts: what is current, what is damaged and how, what stays, and what is lent."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact
from specship.evidence.artifact_record import Ingredients, list_files
from specship.suite.artifacts.store import KEPT, Store
from tests.suite.artifacts.finished import FILES, SETTINGS, finished


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts", SETTINGS)


def again(store: Store, **changes: Any) -> Store:
    """The store as another process opens it: nothing is verified yet."""
    settings = {name: {**section, **changes.get(name, {})} for name, section in store.settings.items()}
    return Store(store.folder, settings, store.lenders)


def test_what_was_finished_is_current_wherever_it_is_asked_for(store: Store) -> None:
    record = finished(store, "corpus")

    for asked in (store, again(store)):
        assert asked.current("corpus") == record
        assert asked.current_key("corpus") == record.ingredients.key
        assert asked.verified("corpus", record.ingredients.key) == record
    assert [(file.name, file.bytes) for file in record.files] == [
        ("inner/heldout.jsonl", 14),
        ("train.jsonl", 14),
    ]


def test_what_was_never_finished_is_nothing(store: Store) -> None:
    """A folder without a manifest, and a manifest without its folder, are no artifacts."""
    key = finished(store, "corpus").ingredients.key
    path = store.path("corpus", key)
    manifest = path.with_suffix(".json").read_bytes()
    path.with_suffix(".json").unlink()

    assert store.record("corpus", key) is None
    assert again(store).current("corpus") is None
    assert (store.current("tokenizer"), store.current_key("tokenizer")) == (None, None)

    path.with_suffix(".json").write_bytes(manifest)
    path.rename(path.with_name("elsewhere"))
    assert again(store).current("corpus") is None


def gone(folder: Path) -> None:
    (folder / "train.jsonl").unlink()


def surplus(folder: Path) -> None:
    (folder / "inner" / "more.jsonl").write_bytes(b"")


def longer(folder: Path) -> None:
    with (folder / "train.jsonl").open("ab") as file:
        file.write(b"\n")


def shorter(folder: Path) -> None:
    os.truncate(folder / "train.jsonl", 3)


def other_bytes(folder: Path) -> None:
    data = bytearray((folder / "train.jsonl").read_bytes())
    data[0] ^= 1
    (folder / "train.jsonl").write_bytes(data)


def another_name(folder: Path) -> None:
    (folder / "train.jsonl").rename(folder / "other.jsonl")


def a_link(folder: Path) -> None:
    (folder / "train.jsonl").rename(folder.parent / "train.jsonl")
    (folder / "train.jsonl").symlink_to(folder.parent / "train.jsonl")


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change the manifest and leave the files."""

    def edit(folder: Path) -> None:
        path = folder.with_suffix(".json")
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value))

    return edit


DAMAGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "gone": (gone, "corpus: the file is gone", "train.jsonl"),
    "surplus": (surplus, "corpus: the file is in no manifest", "inner/more.jsonl"),
    "longer": (longer, "corpus: the file has 15 bytes, its manifest says 14", "train.jsonl"),
    "shorter": (shorter, "corpus: the file has 3 bytes, its manifest says 14", "train.jsonl"),
    "other bytes": (other_bytes, "corpus: the file has sha256 ", "train.jsonl"),
    "another name": (another_name, "corpus: the file is gone", "train.jsonl"),
    "a link in its place": (a_link, "an artifact holds plain files and folders only", "train.jsonl"),
    "a pipe": (a_pipe, "an artifact holds plain files and folders only", "pipe"),
    "a manifest of another descent": (
        edited(lambda it: it["ingredients"]["inputs"].update(tokenizer="0" * 64)),
        "the manifest is not the one its name promises", ".json",
    ),
    "a manifest of other code": (
        edited(lambda it: it["ingredients"].update(code="")), "the manifest is not the one its name promises",
        ".json",
    ),
    "a manifest of another digest": (
        edited(lambda it: it.update(digest="0" * 64)), "corpus: the manifest's digest is not its own", "",
    ),
    "a manifest that is cut": (
        lambda folder: os.truncate(folder.with_suffix(".json"), 40), "the manifest cannot be read", ".json",
    ),
    "a manifest without a field": (
        edited(lambda it: it.pop("files")), "the manifest cannot be read", ".json",
    ),
    "a manifest with a field of its own": (
        edited(lambda it: it.update(trusted=True)), "the manifest cannot be read", ".json",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_with_its_place(name: str, store: Store) -> None:
    """Found by who hashes anew; who hashed in this process already asks probes to hash around a measurement."""
    record = finished(store, "corpus")
    folder = store.path("corpus", record.ingredients.key)
    damage, said, place = DAMAGE[name]
    damage(folder)
    fresh = again(store)

    for names in (("current", "corpus"), ("verified", "corpus", record.ingredients.key)):
        with pytest.raises(DamagedArtifact) as refused:
            getattr(fresh, names[0])(*names[1:])
        assert refused.value.message.startswith(said)
        assert str(refused.value.at) == (
            f"{folder}{place}" if place in {"", ".json"} else str(folder / place)
        )


def test_bytes_are_hashed_once_a_process_until_they_are_forgotten(store: Store) -> None:
    record = finished(store, "corpus")
    key = record.ingredients.key
    other_bytes(store.path("corpus", key))

    assert store.verified("corpus", key) == record
    store.forget(key)
    with pytest.raises(DamagedArtifact):
        store.verified("corpus", key)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"key": 7, "key": 8}', '{"key"'])
def test_a_pointer_that_cannot_be_read_points_to_nothing(store: Store, text: str) -> None:
    finished(store, "corpus")
    (store.folder / "corpus" / "current.json").write_text(text)

    assert again(store).current_key("corpus") is None
    assert again(store).current("corpus") is None


@pytest.mark.parametrize(
    ("changes", "current"),
    [
        ({}, True),
        ({"tokenizer": {"vocab_size": 600}}, True),
        ({"corpus": {"heldout_fraction": 0.3}}, False),
        ({"corpus": {"licence": "MIT"}}, False),
        ({"corpus": {"min_bytes": 1}}, False),
    ],
    ids=["none", "of-another-section", "a-number", "a-text", "one-more"],
)
def test_an_artifact_of_other_settings_is_not_current(
    store: Store, changes: dict[str, Any], current: bool
) -> None:
    record = finished(store, "corpus")

    assert again(store, **changes).current("corpus") == (record if current else None)


def test_an_artifact_of_another_way_to_make_it_is_not_current(store: Store) -> None:
    """A checkpoint that was trained serves no model whose settings take one over."""
    made = Store(store.folder, {"checkpoint": {}})
    finished(made, "checkpoint")

    assert Store(store.folder, {"imported": {"source": "a model"}}).current("checkpoint") is None


def test_an_artifact_is_current_while_what_it_came_from_is(store: Store) -> None:
    corpus = finished(store, "corpus")
    tokenizer = finished(store, "tokenizer", {"tokenizer.json": b"{}"}, inputs={"corpus": corpus.digest})

    assert again(store).current("tokenizer") == tokenizer

    other = finished(store, "corpus", {"train.jsonl": b"other\n"}, outside="2" * 64)
    assert other.digest != corpus.digest
    assert again(store).current("tokenizer") is None
    assert again(store).current("corpus") == other

    finished(store, "tokenizer", {"tokenizer.json": b"{}"}, inputs={"corpus": other.digest})
    assert again(store).current("tokenizer") is not None
    assert again(store, corpus={"heldout_fraction": 0.3}).current("tokenizer") is None


def test_the_digest_is_the_files_and_the_descent(store: Store) -> None:
    """The same bytes from another corpus are another tokenizer; the same descent is the same one."""
    one, other, same = (
        finished(store, "tokenizer", {"tokenizer.json": b"{}"}, inputs={"corpus": corpus}, outside=code)
        for corpus, code in (("1" * 64, "1" * 64), ("2" * 64, "1" * 64), ("1" * 64, "3" * 64))
    )

    assert one.files == other.files
    assert one.digest == same.digest != other.digest


def test_the_current_one_and_the_one_before_stay(store: Store) -> None:
    keys = []
    for number in range(KEPT + 2):
        record = finished(store, "corpus", {"train.jsonl": bytes([number])}, outside=f"{number}" * 64)
        keys.append(record.ingredients.key)
        path = store.path("corpus", record.ingredients.key)
        path.with_suffix(".log").write_text("what the stage printed\n")
        os.utime(path.with_suffix(".json"), ns=(number, number))
    finished(store, "corpus", {"train.jsonl": bytes([number])}, outside=f"{number}" * 64)
    left = {path.name for path in (store.folder / "corpus").iterdir()}

    assert left == {"current.json", *(f"{key}{end}" for key in keys[-KEPT:] for end in ("", ".json", ".log"))}
    assert again(store).record("corpus", keys[-2]) is not None
    assert again(store).record("corpus", keys[-3]) is None


def test_what_is_unfinished_or_set_aside_is_not_pruned(store: Store) -> None:
    folder = store.folder / "corpus"
    for name in ("0123456789abcdef.partial", "0123456789abcdef.damaged-1"):
        (folder / name).mkdir(parents=True)
    for number in range(KEPT + 1):
        finished(store, "corpus", outside=f"{number}" * 64)

    assert sum(path.is_dir() for path in folder.iterdir()) == KEPT + 2


def test_a_borrowed_artifact_is_its_own_models(store: Store, tmp_path: Path) -> None:
    """Its path, whether it is current and what damages it are the lender's; a copy of one's own is not asked."""
    record = finished(store, "corpus")
    borrower = Store(tmp_path / "borrower", {"tokenizer": SETTINGS["tokenizer"]}, {"corpus": store})
    key = record.ingredients.key
    own = finished(borrower, "tokenizer", {"tokenizer.json": b"{}"}, inputs={"corpus": record.digest})

    assert borrower.path("corpus", key) == store.path("corpus", key)
    assert borrower.current("corpus") == record
    assert borrower.current("tokenizer") == own

    asked_for_more = again(store, corpus={"heldout_fraction": 0.5})
    lent = Store(borrower.folder, borrower.settings, {"corpus": asked_for_more})
    assert lent.current("tokenizer") is None
    other_bytes(store.path("corpus", key))
    with pytest.raises(DamagedArtifact):
        Store(borrower.folder, borrower.settings, {"corpus": again(store)}).current("tokenizer")


DIFFERENCES: dict[str, tuple[dict[str, Any], str]] = {
    "a setting": ({"settings": {"corpus": {"a": {"b": 2}}}}, "setting corpus.a.b: 2 was 1"),
    "a setting that is gone": ({"settings": {"corpus": {}}}, "setting corpus.a.b: absent was 1"),
    "a package": ({"packages": {"numpy": "2"}}, "package numpy: 2 was 1"),
    "an input": ({"inputs": {"shards": "2"}}, "shards is another"),
    "files outside": ({"outside": "2"}, "the files it is made from changed"),
    "a fault": ({"fault": "2"}, "the planted fault changed"),
    "code": ({"code": "2"}, "the stage's code changed"),
    "two things": ({"code": "2", "inputs": {"shards": "2"}}, "shards is another; the stage's code changed"),
    "nothing": ({}, ""),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_is_told_in_words_and_is_another_key(name: str) -> None:
    facts: dict[str, Any] = {
        "settings": {"corpus": {"a": {"b": 1}}}, "inputs": {"shards": "1"}, "code": "1",
        "packages": {"numpy": "1"}, "outside": "1", "fault": "1",
    }  # fmt: skip
    changes, said = DIFFERENCES[name]
    earlier, later = Ingredients(**facts), Ingredients(**facts | changes)

    assert later.difference(earlier) == said
    assert (later.key != earlier.key) == bool(said)


def test_files_are_listed_by_name_and_hashed(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "empty folder").mkdir()
    first, second = list_files(tmp_path)

    assert (first.name, second.name) == ("inner/heldout.jsonl", "train.jsonl")
    assert first.sha256 != second.sha256
    assert list_files(tmp_path / "empty folder") == ()


@pytest.mark.parametrize(
    "changes",
    [{"code": "1" * 64}, {"code": ""}, {"packages": {}}, {"packages": {"python": "3"}}, {"settings": {}}],
    ids=str,
)
def test_a_manifest_that_does_not_say_how_it_was_made_is_not_current(
    store: Store, changes: dict[str, Any]
) -> None:
    """However well its files and its name agree with it: whoever writes one has to name today's ingredients."""
    finished(store, "corpus", **changes)

    assert again(store).current("corpus") is None
    assert again(store).key_of("corpus") is None


def test_the_key_of_ingredients_does_not_change_with_bytes(store: Store) -> None:
    """Nor with those of what it was made from, as long as that was made of the same."""
    keys = []
    for text in (b"one", b"other"):
        corpus = finished(store, "corpus", {"train.jsonl": text})
        finished(store, "tokenizer", {"tokenizer.json": text}, inputs={"corpus": corpus.digest})
        keys.append((again(store).key_of("corpus"), again(store).key_of("tokenizer")))
        shutil.rmtree(store.folder)
    corpus = finished(store, "corpus", outside="2" * 64)
    finished(store, "tokenizer", {"tokenizer.json": b"one"}, inputs={"corpus": corpus.digest})

    assert keys[0] == keys[1]
    assert None not in keys[0]
    assert again(store).key_of("tokenizer") != keys[0][1]
