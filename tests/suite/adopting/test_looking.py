"""What is seen at a path that nobody has described: the nearest of each kind, and what has to be converted first."""

import os
import socket
from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.suite.adopting.looking import look
from tests.models.foreign_checkpoints import foreign


def kinds(path: Path) -> dict[str, str]:
    return {one.kind.name: one.path.relative_to(path).as_posix() for one in look(path).found}


def test_a_checkpoint_is_found_where_it_lies(tmp_path: Path) -> None:
    foreign("llama").write(tmp_path / "out/model")

    assert kinds(tmp_path) == {"checkpoint": "out/model"}
    assert look(tmp_path).found[0].says.startswith("a checkpoint of llama, ")


def test_of_a_numbered_row_the_last_is_taken(tmp_path: Path) -> None:
    for step in (200, 1000, 30):
        foreign("llama").write(tmp_path / f"checkpoint-{step}")
    sight = look(tmp_path)

    assert kinds(tmp_path) == {"checkpoint": "checkpoint-1000"}
    assert [one.path.name for one in sight.others] == ["checkpoint-200", "checkpoint-30"]


def test_what_does_not_fit_is_found_and_said(tmp_path: Path) -> None:
    made = foreign("llama")
    del made.tensors["model.norm.weight"]
    made.write(tmp_path / "model")

    assert "1 tensors that do not fit" in look(tmp_path).found[0].says


def test_what_has_to_be_converted_first_says_how(tmp_path: Path) -> None:
    (tmp_path / "ckpt.pt").write_bytes(b"PK\3\4")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    sight = look(tmp_path)

    assert sight.found == ()
    assert min(str(one.message) for one in sight.unusable) == "it is a LoRA adapter, and no model of its own"
    assert any("pickle" in f"{one.message} {one.why}" for one in sight.unusable)
    assert all(one.mend for one in sight.unusable)


@pytest.mark.parametrize("folder", [".cache", "node_modules", "env"])
def test_folders_that_are_nobodys_model_are_left_alone(folder: str, tmp_path: Path) -> None:
    foreign("llama").write(tmp_path / folder / "model")
    if folder == "env":
        (tmp_path / folder / "pyvenv.cfg").touch()

    assert kinds(tmp_path) == {}


def test_links_are_not_followed(tmp_path: Path) -> None:
    foreign("llama").write(tmp_path / "elsewhere/model")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/model").symlink_to(tmp_path / "elsewhere/model")

    assert kinds(tmp_path / "project") == {}


def test_a_link_to_nothing_among_files_of_no_model_is_no_download(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/modules.conf").symlink_to(tmp_path / "nowhere")

    assert look(tmp_path).unusable == ()


def test_a_folder_of_thousands_is_cut_and_says_so(tmp_path: Path) -> None:
    for number in range(2001):
        (tmp_path / f"{number}.txt").touch()

    assert look(tmp_path).cut


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_neither_file_nor_folder_is_called_so(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    if kind == "pipe":
        os.mkfifo(path)
    with socket.socket(socket.AF_UNIX) as made:
        if kind == "socket":
            made.bind(str(path))
        with pytest.raises(UnusableInput, match="neither a file nor a folder"):
            look(Path(os.devnull) if kind == "device" else path)


def test_a_state_that_is_none_is_called_so_and_links_are_named(tmp_path: Path) -> None:
    (tmp_path / "trainer_state.json").write_text("[1, 2]")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = look(tmp_path)

    assert [one.message for one in found.unusable] == ["no state of a Trainer: it has no log_history"]
    assert found.links == ("loop",)


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="no such file or folder"):
        look(tmp_path / "nowhere")
