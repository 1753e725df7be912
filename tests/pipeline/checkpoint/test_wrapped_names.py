"""A model that was saved inside a wrapper is one finding, whatever the wrapper is, and its mend mends it."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from specship.cli import main
from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.checkpoint.weight_files import Misfit
from tests.models.foreign_checkpoints import FAMILIES, Foreign, foreign


def under(rename: Callable[[str], str], family: str = "llama", shards: int = 1) -> Foreign:
    made = foreign(family, shards=shards)
    made.tensors = {rename(name): tensor for name, tensor in made.tensors.items()}
    return made


def misfits(made: Foreign, folder: Path) -> tuple[Misfit, ...]:
    return account(made.write(folder)).misfits


def prefix(text: str) -> Callable[[str], str]:
    return lambda name: text + name


def fsdp(name: str) -> str:
    """FSDP wraps the model and each of its layers."""
    return "_fsdp_wrapped_module." + re.sub(r"(layers\.\d+\.)", r"\1_fsdp_wrapped_module.", name)


def every_second(name: str) -> str:
    """Activation checkpointing of some layers alone."""
    return name.replace("layers.1.", "layers.1._checkpoint_wrapped_module.")


def beside_the_head(name: str) -> str:
    """torch.compile of the body; the head stays where it is."""
    return name.replace("model.", "model._orig_mod.", 1) if name.startswith("model.") else name


def multimodal(name: str) -> str:
    return name.replace("model.", "model.language_model.", 1) if name.startswith("model.") else name


WRAPPERS: Final[dict[str, tuple[Callable[[str], str], str, int]]] = {
    **{
        text: (prefix(text), f"{text} is the prefix of all 21 tensors: the model was saved inside a wrapper", 21)
        for text in (
            "_orig_mod.", "module.", "base_model.model.", "model.", "_forward_module.", "_fsdp_wrapped_module.",
            "module._orig_mod.", "student.", "actor.module.", "_orig_mod._forward_module.module.",
        )
    },
    "FSDP, layer by layer": (fsdp, "_fsdp_wrapped_module. stands inside the names of all 21 tensors", 21),
    "activation checkpointing": (every_second, "stands inside the names of 9 of 21 tensors", 9),
    "a compiled body": (beside_the_head, "_orig_mod. stands inside the names of 20 of 21 tensors", 20),
    "a model of pictures": (multimodal, "language_model. stands inside the names of 20 of 21 tensors", 20),
    "the body alone": (lambda name: name.removeprefix("model."), "model. is not where it belongs in the names of 20 of 21", 20),
}  # fmt: skip


@pytest.mark.parametrize(("rename", "said", "count"), WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_is_one_finding(tmp_path: Path, rename: Any, said: str, count: int) -> None:
    [found] = misfits(under(rename), tmp_path / "given")
    assert (found.kind, found.tensors) == ("prefix", count)
    assert said in f"{found.name} {found.message}"
    assert "save_pretrained" in found.mend


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shards", [1, 3])
def test_every_family_in_one_file_and_in_shards(tmp_path: Path, family: str, shards: int) -> None:
    [found] = misfits(under(prefix("module."), family, shards), tmp_path / "given")
    assert found.name == "module."
    assert ("off the names in model.safetensors.index.json" in found.mend) == (shards > 1)


def test_what_else_is_wrong_is_told_beside_it(tmp_path: Path) -> None:
    made = under(prefix("_orig_mod."))
    made.put("_orig_mod.model.norm.weight", (23,))
    del made.tensors["_orig_mod.lm_head.weight"]
    found = misfits(made, tmp_path / "given")
    assert [(one.kind, one.name) for one in found] == [
        ("prefix", "_orig_mod."),
        ("missing", "lm_head.weight"),
        ("shape", "model.norm.weight"),
    ]


def test_an_adapter_that_was_not_merged_is_one_finding(tmp_path: Path) -> None:
    made = under(lambda name: "base_model.model." + name.replace("q_proj.", "q_proj.base_layer."))
    for index in range(2):
        for part, shape in (("A", (4, 24)), ("B", (48, 4))):
            name = f"base_model.model.model.layers.{index}.self_attn.q_proj.lora_{part}.default.weight"
            made.put(name, shape)
    found = misfits(made, tmp_path / "given")
    assert [(one.kind, one.tensors) for one in found] == [("prefix", 25), ("adapter", 4)]
    assert all("merge_and_unload" in one.mend for one in found)


@pytest.mark.parametrize(
    "suffixes",
    [("qweight", "qzeros", "scales", "g_idx"), ("weight_packed", "weight_scale"), ("weight.absmax", "weight.quant_map")],
)  # fmt: skip
def test_quantized_tensors_are_one_finding(tmp_path: Path, suffixes: tuple[str, ...]) -> None:
    made = foreign("llama")
    for name in [name for name in made.tensors if "_proj" in name]:
        del made.tensors[name]
        for suffix in suffixes:
            made.put(f"{name.removesuffix('weight')}{suffix}", (3, 4), "U8")
    [found] = misfits(made, tmp_path / "given")
    assert (found.kind, found.tensors) == ("quantized", 14 * len(suffixes))
    assert "before quantization" in found.mend


def test_names_that_only_look_like_it_stay_what_they_are(tmp_path: Path) -> None:
    made = foreign("llama")
    made.put("module.extra.weight", (2,))
    assert [one.kind for one in misfits(made, tmp_path / "extra")] == ["unexpected"]
    made.put("module.model.norm.weight", (24,))
    assert {one.kind for one in misfits(made, tmp_path / "twice")} == {"unexpected"}


@pytest.mark.parametrize("front", ["_orig_mod.", "it's.", 'a"$b`.'])
def test_verbs_say_it_once_and_the_mend_mends_it(
    front: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = under(prefix(front)).write(tmp_path / "a folder")
    with pytest.raises(
        DamagedArtifact, match=rf"1 thing does not fit, first {re.escape(front)} is the prefix"
    ):
        open_any_checkpoint(folder)
    assert main(["import", "checkpoint", str(folder)]) == 1
    said = capsys.readouterr().out
    assert said.endswith("1 thing does not fit\n")
    command = next(line for line in said.splitlines() if "mend:" in line).partition("take it off: ")[2]
    program, option, code, *files = shlex.split(command.partition("; or save")[0])
    assert (program, option) == ("python", "-c")
    monkeypatch.setattr(sys, "argv", ["-c", *files])
    exec(code, {})  # noqa: S102 - the command that a person is told to run
    assert account(folder).misfits == ()
