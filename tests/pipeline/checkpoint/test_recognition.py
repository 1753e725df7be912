"""What is no finished checkpoint is called by its name, with the command that mends it, by every verb alike."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from specship.cli import main
from specship.errors import UnusableInput
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.checkpoint.recognition import refuse_no_model, refuse_other
from tests.editing import edit_json
from tests.models.foreign_checkpoints import foreign

POINTER: Final = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 335120\n"
WEIGHTS: Final = "model.safetensors"


def files(*names: str, without: str = WEIGHTS, **contents: str) -> Callable[[Path], Path]:
    """A sound checkpoint without a file, and with others that stand for what another tool leaves."""

    def make(folder: Path) -> Path:
        foreign("llama").write(folder)
        for name in without.split():
            (folder / name).unlink()
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(contents.get(Path(name).stem, "x"))
        return folder

    return make


def only(*names: str, **contents: str) -> Callable[[Path], Path]:
    """A folder with nothing of a checkpoint but these files."""
    return files(*names, without=f"config.json tokenizer.json {WEIGHTS}", **contents)


def above(*names: str, inside: str = "") -> Callable[[Path], Path]:
    """A folder that has checkpoints in it; `inside` is what is given."""

    def make(folder: Path) -> Path:
        for name in names:
            foreign("llama").write(folder / name)
        return folder / inside

    return make


def cached(folder: Path) -> Path:
    above("snapshots/a1", "snapshots/b2")(folder / "models--acme--tiny")
    (folder / "models--acme--tiny" / "refs").mkdir()
    (folder / "models--acme--tiny" / "refs" / "main").write_text("a1\n")
    return folder / "models--acme--tiny"


def dangling(folder: Path) -> Path:
    made = above("models--a/snapshots/b", inside="models--a/snapshots/b")(folder)
    (made / WEIGHTS).unlink()
    (made / WEIGHTS).symlink_to("../../blobs/nothing")
    return made


def one_file(name: str) -> Callable[[Path], Path]:
    return lambda folder: foreign("llama").write(folder) / name


def renamed(name: str, content: bytes = b"GGUF\3\0\0\0") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        folder.mkdir()
        (folder / name).write_bytes(content)
        return folder / name

    return make


LORA: Final = json.dumps({"peft_type": "LORA", "base_model_name_or_path": "acme/tiny", "r": 4})
STRANGE: Final = json.dumps({"peft_type": ["LORA"], "base_model_name_or_path": 7})
KINDS: Final[dict[str, tuple[Callable[[Path], Path], str, str]]] = {
    "a LoRA adapter": (only("adapter_config.json", "adapter_model.safetensors", adapter_config=LORA), "a LoRA adapter of 'acme/tiny'", "merge_and_unload"),
    "an adapter beside a config": (files("adapter_config.json", "adapter_model.bin", adapter_config=LORA), "a LoRA adapter", "AutoPeftModelForCausalLM"),
    "an adapter of another kind": (only("adapter_config.json", adapter_config='{"peft_type": "IA3"}'), "an adapter (IA3)", "merge"),
    "an adapter of prompts": (only("adapter_config.json", adapter_config='{"peft_type": "PREFIX_TUNING"}'), "an adapter (PREFIX_TUNING)", "give its base model"),
    "an adapter of no kind": (only("adapter_config.json", adapter_config='{"peft_type": null}'), "it is an adapter, and no model", "merge"),
    "an adapter that says odd things": (only("adapter_config.json", adapter_config=STRANGE), "it is an adapter, and no model", "merge"),
    "an adapter whose config is garbled": (only("adapter_config.json"), "it is an adapter, and no model", "merge"),
    "DeepSpeed": (files("zero_to_fp32.py", "latest", "global_step500/zero_pp_rank_0_mp_rank_00_optim_states.pt"), "a checkpoint of DeepSpeed", "python zero_to_fp32.py . OUT --safe_serialization"),
    "DeepSpeed without its script": (files("global_step9/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"), "a checkpoint of DeepSpeed", "-m deepspeed.utils.zero_to_fp32"),
    "a step of DeepSpeed": (only("mp_rank_00_model_states.pt"), "a checkpoint of DeepSpeed", "zero_to_fp32"),
    "FSDP": (files("pytorch_model_fsdp_0/.metadata", "pytorch_model_fsdp_0/__0_0.distcp"), "a sharded checkpoint of FSDP", "accelerate merge-weights"),
    "a folder of torch.distributed.checkpoint": (only(".metadata", "__0_0.distcp"), "a sharded checkpoint of FSDP", "merge-weights"),
    "Megatron": (only("latest_checkpointed_iteration.txt", "iter_0000500/mp_rank_00/model_optim_rng.pt"), "a checkpoint of Megatron", "export_ckpt('"),
    "a distributed checkpoint of Megatron": (only("common.pt", ".metadata", "__0_0.distcp"), "a checkpoint of Megatron", "export_ckpt"),
    "Meta's own layout": (only("consolidated.00.pth", "params.json"), "consolidated.00.pth is not opened", "hf download"),
    "Mistral's own layout": (only("consolidated.safetensors", "params.json"), "their maker's own layout", "hf download"),
    "diffusers": (only("model_index.json", "text_encoder/config.json"), "a pipeline of diffusers", "language model"),
    "a folder of a GGUF": (only("a-Q4.gguf"), "a folder with 1 GGUF file,", "a-Q4.gguf"),
    "GGUF files beside a config": (files("b.gguf", "a.GGUF"), "a folder with 2 GGUF files,", "a.GGUF"),
    "Flax": (files("flax_model.msgpack"), "weights of Flax only", "safetensors"),
    "ONNX": (files("onnx/model.onnx"), "weights of ONNX only", "safetensors"),
    "pickles": (files("pytorch_model.bin", "optimizer.pt"), "pickled weights are not opened", "save_pretrained"),
    "pickled shards": (files("pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"), "pickled weights are not opened", "save_pretrained"),
    "a Lightning checkpoint": (only("epoch=3.ckpt"), "pickled weights are not opened: it is a checkpoint of Lightning", "load_from_checkpoint"),
    "a checkpoint of nanoGPT": (only("ckpt.pt"), "it is a checkpoint of nanoGPT", "GPT2LMHeadModel"),
    "what a trainer goes on from": (files("optimizer.pt", "rng_state_0.pth", "training_args.bin"), "keeps to go on (optimizer.pt", "save_pretrained"),
    "an empty folder": (only(), "an empty folder", "hf download"),
    "a download that was cut": (files("model.safetensors.incomplete"), "did not end: model.safetensors.incomplete", "goes on where it stopped"),
    "a download into a folder that was cut": (files(".cache/huggingface/download/x.incomplete"), "did not end", "--local-dir"),
    "a snapshot whose blob is missing": (dangling, "model.safetensors leads to nothing", "goes on where it stopped"),
    "the folder of a run": (above("checkpoint-500", "checkpoint-1000"), "the checkpoint lies further down, and 1 more", "checkpoint-1000"),
    "the folder of a cache": (cached, "the checkpoint lies further down", "snapshots/a1"),
    "no configuration": (files(without="config.json"), "config.json is not here", "copy config.json"),
    "no weights": (files(), "there is neither", "hf download"),
    "something else": (only("notes.txt"), "not a checkpoint: there is neither config.json", "hf download"),
    "Git LFS pointers": (files(WEIGHTS, "tokenizer.json", model=POINTER, tokenizer=POINTER), "a Git LFS pointer", "git lfs install && git -C"),
    "a configuration in Git LFS": (files("config.json", without="config.json", config=POINTER), "a Git LFS pointer", "lfs pull"),
    "an index in Git LFS": (files("model.safetensors.index.json", **{"model.safetensors.index": POINTER}), "a Git LFS pointer", "lfs pull"),
    "a page for the weights": (files(WEIGHTS, model="<!DOCTYPE html><html>" + "x" * 2000), "a page of a website", "hf auth login"),
    "an error for the weights": (files(WEIGHTS, model='{"error":"Repository not found"}'), "it is a text, and not the file", "hf auth login"),
    "a tokenizer's configuration in Git LFS": (files(WEIGHTS, "tokenizer_config.json", tokenizer_config=POINTER), "a Git LFS pointer", "lfs pull"),
    "one file of it": (one_file(WEIGHTS), "one file of a checkpoint", "give the folder"),
    "its configuration": (one_file("config.json"), "one file of a checkpoint", "give the folder"),
    "a pickle by its name": (renamed("model.pt", b"PK"), "pickled weights are not opened", "save_pretrained"),
    "a GGUF": (renamed("a.gguf"), "it is a GGUF file", "give the checkpoint folder"),
    "a GGUF without its ending": (renamed("sha256-12"), "its name does not end in .gguf", "ends in .gguf"),
    "a text": (renamed("a.txt", b"hello"), "not a checkpoint folder", "give such a folder"),
    "nothing": (lambda folder: folder, "no such file or folder", "hf download"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message", "mend"), KINDS.values(), ids=KINDS)
def test_it_is_called_by_its_name(tmp_path: Path, make: Any, message: str, mend: str) -> None:
    given = make(tmp_path / "given")
    with pytest.raises(UnusableInput) as refused:
        account(given)
    assert message in refused.value.message
    assert mend in refused.value.mend
    assert refused.value.why
    assert str(given) in str(refused.value.at)


@pytest.mark.parametrize(
    "beside",
    ["latest", "zero_to_fp32.py", "adapter_config.json", "global_step5/a.pt", "x.incomplete", "a.gguf", "b/config.json"],
)  # fmt: skip
def test_a_whole_checkpoint_may_have_them_beside_it(tmp_path: Path, beside: str) -> None:
    assert account(files(beside, without="")(tmp_path / "given")).misfits == ()


def test_a_gguf_is_a_model_and_its_pointer_is_none(tmp_path: Path) -> None:
    refuse_no_model(renamed("a.gguf")(tmp_path / "one"))
    refuse_no_model(renamed("sha256-12")(tmp_path / "two"))
    pointer = renamed("a.gguf", POINTER.encode())(tmp_path / "three")
    for refuse in (refuse_no_model, refuse_other):
        with pytest.raises(UnusableInput, match="Git LFS pointer"):
            refuse(pointer)


def test_every_verb_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = str(KINDS["a LoRA adapter"][0](tmp_path / "given"))
    text = tmp_path / "a.txt"
    text.write_text("hello")
    verbs: list[list[str]] = [
        ["import", "checkpoint", given],
        ["run", given, "x"],
        ["run", given, "x", "--chat"],
        ["qa", given],
        ["export", given, str(tmp_path / "a.gguf")],
        ["export", given, str(tmp_path / "a.gguf"), "--dtype", "Q8_0"],
        ["compare", given, given],
        ["compare", f"transformers:{given}", given],
        ["bench", given],
        ["eval", "bits-per-byte", given, "--text", str(text)],
    ]
    said = set()
    for verb in verbs:
        assert main(verb) == 2, verb
        said.add(capsys.readouterr().err)
    assert len(said) == 1
    assert "it is a LoRA adapter of 'acme/tiny'" in said.pop()


def test_a_pointer_for_a_gguf_is_told_by_every_verb_that_opens_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pointer = str(renamed("a.gguf", POINTER.encode())(tmp_path / "given"))
    for verb in (["run", pointer, "x"], ["qa", pointer], ["compare", f"llama.cpp:{pointer}", pointer]):
        assert main(verb) == 2
        assert "Git LFS pointer" in capsys.readouterr().err


def test_a_folder_named_like_a_file_is_still_a_folder(tmp_path: Path) -> None:
    folder = foreign("llama").write(tmp_path / "a.gguf")
    assert account(folder).misfits == ()
    shutil.rmtree(folder)


def _wrapped(front: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        made = foreign("llama")
        made.tensors = {front + name: tensor for name, tensor in made.tensors.items()}
        return made.write(folder)

    return make


def _quantized(**said: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        foreign("llama").write(folder)
        edit_json(folder / "config.json", quantization_config=said)
        return folder

    return make


def _vocabulary(folder: Path) -> Path:
    import gguf

    folder.mkdir()
    writer = gguf.GGUFWriter(str(folder / "vocabulary.gguf"), "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["a", "b"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "vocabulary.gguf"


def _file(name: str) -> Callable[[Path], Path]:
    return lambda folder: only(name)(folder) / name


NO_MODELS: Final[dict[str, tuple[Callable[[Path], Path], str]]] = {
    "an adapter": (
        only("adapter_config.json", "adapter_model.safetensors", adapter_config='{"peft_type": "LORA"}'),
        "LoRA adapter",
    ),
    "torch.compile": (_wrapped("_orig_mod."), "_orig_mod. is the prefix of all"),
    "DistributedDataParallel": (_wrapped("module."), "module. is the prefix of all"),
    "GPTQ": (_quantized(quant_method="gptq", bits=4), "quantized by GPTQ to 4 bits"),
    "AWQ": (_quantized(quant_method="awq", bits=4), "quantized by AWQ to 4 bits"),
    "FP8": (_quantized(quant_method="fp8"), "quantized by FP8"),
    "bitsandbytes": (_quantized(quant_method="bitsandbytes", load_in_4bit=True), "quantized by bitsandbytes"),
    "Lightning": (_file("last.ckpt"), "a checkpoint of Lightning"),
    "nanoGPT": (_file("ckpt.pt"), "a checkpoint of nanoGPT"),
    "a folder of nanoGPT": (only("ckpt.pt"), "a checkpoint of nanoGPT"),
    "no configuration": (files(without="config.json"), "config.json is not here"),
    "a vocabulary": (_vocabulary, "a vocabulary, and no model"),
}


@pytest.mark.parametrize("name", NO_MODELS)
def test_every_verb_calls_it_what_it_is(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written, and nobody gets a traceback."""
    make, said = NO_MODELS[name]
    path, sound = str(make(tmp_path / "it")), str(foreign("llama").write(tmp_path / "sound"))
    text = tmp_path / "text.py"
    text.write_text("def f(x):\n    return x\n" * 9)
    verbs = (
        ["import", "checkpoint", path],
        ["adopt", path, "--project", str(tmp_path / "project")],
        ["qa", path],
        ["compare", path, sound],
        ["compare", sound, path],
        ["eval", "bits-per-byte", path, "--text", str(text)],
        ["eval", "python-syntax", path, "--text", str(text)],
        ["run", path, "hello"],
        ["bench", path],
        ["export", path, str(tmp_path / "out.gguf")],
    )
    for verb in verbs:
        status = main(verb)
        told = capsys.readouterr()
        whole = said in told.out + told.err
        assert (status in {1, 2}, whole or (verb[0] == "import" and "GGUF file" in told.err)) == (
            True,
            True,
        ), (
            verb,
            status,
            told,
        )
        assert "mend: " in told.err + told.out or verb[0] == "qa", verb
        assert not (tmp_path / "project" / "specs").exists()
        assert not (tmp_path / "out.gguf").exists()
