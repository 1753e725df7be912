"""Weights in shards: whole ones are read as one, and every way in which they do not belong together is told."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.folder_manifest import verify_manifest
from specship.pipeline.checkpoint.importing import import_checkpoint
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.checkpoint.weight_files import INDEX, read_weights
from tests.models.foreign_checkpoints import FAMILIES, foreign, safetensors

NORM: Final = "model.norm.weight"
FIRST: Final = "model-00001-of-00003.safetensors"
SECOND: Final = "model-00002-of-00003.safetensors"


def sharded(folder: Path) -> Path:
    return foreign("llama", shards=3).write(folder)


def edit_index(folder: Path, **changes: Any) -> None:
    index = json.loads((folder / INDEX).read_text())
    (folder / INDEX).write_text(json.dumps(index | changes))


def where(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / INDEX).read_text())["weight_map"]
    return found


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("shards", [1, 2, 7])
def test_shards_hold_what_one_file_holds(tmp_path: Path, family: str, dtype: str, shards: int) -> None:
    made = foreign(family, shards=shards, dtype=dtype)
    folder = made.write(tmp_path / "theirs")
    found = account(folder)
    assert found.misfits == ()
    assert len(found.files) == shards
    assert {
        name: (
            held.stored.dtype,
            held.stored.shape,
            (folder / held.file).read_bytes()[held.stored.offset :][: held.stored.size],
        )
        for name, held in found.tensors.items()
    } == made.tensors


def test_the_digest_of_shards_is_of_all_of_them(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "theirs")
    before = open_any_checkpoint(folder).weights_digest()
    assert open_any_checkpoint(folder).weights_digest() == before
    data = bytearray((folder / SECOND).read_bytes())
    data[-1] ^= 1
    (folder / SECOND).write_bytes(data)
    assert open_any_checkpoint(folder).weights_digest() != before


def test_an_index_of_one_file_is_no_contradiction(tmp_path: Path) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    names = dict.fromkeys(foreign("llama").tensors, "model.safetensors")
    (folder / INDEX).write_text(json.dumps({"weight_map": names}))
    assert account(folder).misfits == ()


BAD_INDEXES: Final[dict[str, tuple[Any, str]]] = {
    "no object": ([], "no weight_map"),
    "no map": ({}, "no weight_map"),
    "an empty map": ({"weight_map": {}}, "no weight_map"),
    "a number for a file": ({"weight_map": {NORM: 1}}, "'1' is no name of a shard"),
    "the folder above": ({"weight_map": {NORM: "../model.safetensors"}}, "'../model.safetensors' is no name"),
    "a folder inside": ({"weight_map": {NORM: "a/model.safetensors"}}, "is no name of a shard"),
    "a whole path": ({"weight_map": {NORM: "/etc/passwd"}}, "is no name of a shard"),
    "another system's path": ({"weight_map": {NORM: "..\\model.safetensors"}}, "is no name of a shard"),
    "a hidden file": ({"weight_map": {NORM: ".model.safetensors"}}, "is no name of a shard"),
    "a pickle": ({"weight_map": {NORM: "pytorch_model.bin"}}, "is no name of a shard"),
    "another ending": ({"weight_map": {NORM: "model.txt"}}, "is no name of a shard"),
    "a newline": ({"weight_map": {NORM: "model.safetensors\n"}}, "is no name of a shard"),
    "a zero byte": ({"weight_map": {NORM: "a\0.safetensors"}}, "is no name of a shard"),
    "a very long name": ({"weight_map": {NORM: "a" * 300 + ".safetensors"}}, "is no name of a shard"),
    "a tensor that clears the screen": ({"weight_map": {"\x1b[2J": FIRST}}, "is no tensor name"),
    "a tensor without a name": ({"weight_map": {"": FIRST}}, "is no tensor name"),
    "a very long tensor": ({"weight_map": {"a" * 513: FIRST}}, "is no tensor name"),
    "a text for the sum": ({"weight_map": {NORM: FIRST}, "metadata": {"total_size": "9"}}, "total_size is 9"),
    "a negative sum": ({"weight_map": {NORM: FIRST}, "metadata": {"total_size": -1}}, "total_size is -1"),
    "too many files": ({"weight_map": {f"t{n}": f"{n}.safetensors" for n in range(4097)}}, "4097 files"),
}


@pytest.mark.parametrize(("index", "message"), BAD_INDEXES.values(), ids=BAD_INDEXES)
def test_a_hostile_index_is_refused(tmp_path: Path, index: Any, message: str) -> None:
    folder = sharded(tmp_path / "theirs")
    (folder / INDEX).write_text(json.dumps(index))
    with pytest.raises(UnusableInput) as caught:
        read_weights(folder)
    assert message in caught.value.message
    assert caught.value.why
    assert caught.value.mend


def test_as_many_files_as_are_allowed_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text(
        json.dumps({"weight_map": {f"t{n}": f"{n}.safetensors" for n in range(4096)}})
    )
    assert len(read_weights(tmp_path).misfits) == 4096


def test_a_tensor_given_twice_in_the_index_is_refused(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "theirs")
    text = (folder / INDEX).read_text()
    (folder / INDEX).write_text(text.replace('"weight_map": {', f'"weight_map": {{"{NORM}": "{FIRST}", '))
    with pytest.raises(DamagedArtifact, match=f"'{NORM}' is given twice"):
        read_weights(folder)


@pytest.mark.parametrize("name", ["model.safetensors", INDEX, FIRST, "config.json"])
def test_a_link_is_refused_with_the_copy_that_mends_it(tmp_path: Path, name: str) -> None:
    folder = foreign("llama", shards=1 if name == "model.safetensors" else 3).write(tmp_path / "theirs")
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnusableInput, match="it is a link") as caught:
        account(folder)
    assert "cp -rL" in caught.value.mend


def test_both_kinds_of_weights_are_refused(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "theirs")
    (folder / "model.safetensors").write_bytes(safetensors(foreign("llama").tensors))
    with pytest.raises(UnusableInput, match=r"both model\.safetensors and") as caught:
        account(folder)
    assert "transformers would take model.safetensors" in caught.value.why


def test_a_folder_with_misfits_is_neither_opened_nor_written(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "theirs")
    (folder / SECOND).unlink()
    with pytest.raises(DamagedArtifact, match="1 thing does not fit, first model-00002"):
        open_any_checkpoint(folder)
    with pytest.raises(DamagedArtifact, match="1 thing does not fit"):
        import_checkpoint(account(folder), tmp_path / "ours")
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_a_shard_cut_after_the_inventory_leaves_nothing(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "theirs")
    found = account(folder)
    (folder / SECOND).write_bytes((folder / SECOND).read_bytes()[:-5])
    with pytest.raises(DamagedArtifact, match="ends early"):
        import_checkpoint(found, tmp_path / "ours")
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_a_weight_that_is_read_after_its_file_was_cut_is_no_tensor(tmp_path: Path) -> None:
    opened = open_any_checkpoint(sharded(tmp_path / "theirs"))
    last = max((h.stored for h in opened.held.values() if h.file == SECOND), key=lambda s: s.offset)
    path = opened.path / SECOND
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DamagedArtifact, match="ends early"):
        opened.array(last.name)


def test_what_is_there_already_is_not_replaced(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "theirs")
    (tmp_path / "ours").mkdir()
    with pytest.raises(UnusableInput, match="something here already"):
        import_checkpoint(account(folder), tmp_path / "ours")


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_a_written_folder_has_the_same_bytes_in_one_file(tmp_path: Path, dtype: str) -> None:
    made = foreign("qwen3", shards=3, dtype=dtype)
    ours = import_checkpoint(account(made.write(tmp_path / "theirs")), tmp_path / "ours")
    assert verify_manifest(ours) == 4
    again = account(ours)
    assert (again.misfits, again.files) == ((), ("model.safetensors",))
    data = (ours / "model.safetensors").read_bytes()
    for name, held in again.tensors.items():
        assert data[held.stored.offset :][: held.stored.size] == made.tensors[name][2]
        assert held.stored.offset % {"F32": 4, "F16": 2, "BF16": 2}[dtype] == 0


def test_our_own_header_is_one_that_the_library_reads(tmp_path: Path) -> None:
    from safetensors import safe_open

    made = foreign("qwen2", shards=2)
    ours = import_checkpoint(account(made.write(tmp_path / "theirs")), tmp_path / "ours")
    with safe_open(ours / "model.safetensors", framework="numpy") as file:
        assert set(file.keys()) == set(made.tensors)
        assert file.metadata() == {"format": "pt"}


def test_every_error_says_where(tmp_path: Path) -> None:
    with pytest.raises(SpecshipError) as caught:
        account(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in str(caught.value)


@pytest.mark.parametrize(
    "name", ["the weights 1.safetensors", "w\u00e4ge.safetensors", "(1).safetensors", "-.safetensors"]
)
def test_a_shard_may_be_called_as_any_file(tmp_path: Path, name: str) -> None:
    folder = sharded(tmp_path / "theirs")
    (folder / SECOND).rename(folder / name)
    edit_index(
        folder, weight_map={one: name if file == SECOND else file for one, file in where(folder).items()}
    )
    assert account(folder).misfits == ()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.bin", "runs code of whoever wrote it"),
        ("a.txt", "its name ends so"),
        ("../a.safetensors", "leads elsewhere"),
    ],
)
def test_what_is_no_shard_is_told_why(tmp_path: Path, name: str, why: str) -> None:
    folder = sharded(tmp_path / "theirs")
    edit_index(folder, weight_map={NORM: name})
    with pytest.raises(UnusableInput) as caught:
        read_weights(folder)
    assert why in caught.value.why
