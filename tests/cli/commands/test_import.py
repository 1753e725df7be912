"""`specship import checkpoint`: what fits is counted, and what does not is named, each with its mend."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from specship.cli import main
from tests.hostile.safetensors_files import stored
from tests.models.foreign_checkpoints import FAMILIES, ROWS, TOKENS, Foreign, config_of, foreign, tensors_of
from tests.processes import specship

INDEX: Final = "model.safetensors.index.json"
SECOND: Final = "model-00002-of-00003.safetensors"
LAYER: Final = "model.layers.1."
HEAD: Final = "lm_head.weight"
EMBEDDING: Final = "model.embed_tokens.weight"
NORM: Final = "model.norm.weight"


def inventory(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Any]:
    """Exit status and the inventory of a folder."""
    status = main(["import", "checkpoint", str(folder), "--format", "json", *options])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_sound_checkpoint_is_counted_to_the_last_parameter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str, tied: bool, shards: int
) -> None:
    made = foreign(family, shards=shards, tie_word_embeddings=tied)
    status, found = inventory(made.write(tmp_path / "theirs"), capsys)
    numbers = sum(len(data) for _, _, data in made.tensors.values()) // 4
    assert (status, found["misfits"], found["sound"], found["family"]) == (0, [], True, family)
    assert found["parameters"] == {"stored": numbers, "declared": numbers}
    assert found["vocabulary"] == {"embedding_rows": ROWS, "tokenizer": TOKENS, "padding_rows": ROWS - TOKENS}
    assert {one["name"]: (one["dtype"], tuple(one["shape"]), one["bytes"]) for one in found["tensors"]} == {
        name: (dtype, shape, len(data)) for name, (dtype, shape, data) in made.tensors.items()
    }
    assert found["head"] == ("tied" if tied else "own")


def bias(made: Foreign) -> None:
    del made.tensors[f"{LAYER}self_attn.q_proj.bias"]


def head_norm(made: Foreign) -> None:
    del made.tensors[f"{LAYER}self_attn.q_norm.weight"]


def two_heads(made: Foreign) -> None:
    made.put(HEAD, (ROWS, 24), seed=1)
    made.config["tie_word_embeddings"] = True


def set_config(**changes: Any) -> Callable[[Foreign], None]:
    """A damage: fields of the configuration."""
    return lambda made: made.config.update(changes)


def put(name: str, shape: tuple[int, ...], dtype: str = "F32") -> Callable[[Foreign], None]:
    """A damage: a tensor of another shape or type."""
    return lambda made: made.put(name, shape, dtype)


def nothing(_: Any) -> None:
    """No damage."""


def drop(name: str) -> Callable[[Foreign], None]:
    """A damage: a tensor that is not stored."""

    def damage(made: Foreign) -> None:
        del made.tensors[name]

    return damage


QUERIES: Final = f"{LAYER}self_attn.q_proj.weight"
KEYS: Final = f"{LAYER}self_attn.k_proj.weight"
MISFITS: Final[dict[str, tuple[str, Callable[[Foreign], None], str, str, str]]] = {
    "a missing tensor": ("llama", drop(NORM), "missing", NORM, "is not stored"),
    "a missing head": ("llama", drop(HEAD), "missing", HEAD, "is not stored"),
    "an extra tensor": ("llama", put("model.extra.weight", (2,)), "unexpected", "model.extra.weight", "belongs to no"),
    "a transposed matrix": ("llama", put(QUERIES, (24, 48)), "shape", QUERIES, "it was transposed"),
    "a row too few": ("llama", put(EMBEDDING, (ROWS - 1, 24)), "shape", EMBEDDING, "[39, 24]"),
    "many dimensions": ("llama", put(NORM, (1,) * 40), "shape", NORM, "of 40 dimensions"),
    "a number without dimension": ("llama", put(NORM, ()), "shape", NORM, "has shape []"),
    "a dropped bias": ("qwen2", bias, "missing", f"{LAYER}self_attn.q_proj.bias", "is not stored"),
    "a bias of no family": ("qwen3", put(f"{LAYER}self_attn.q_proj.bias", (48,)), "unexpected", f"{LAYER}self_attn.q_proj.bias", "belongs to no qwen3"),
    "a missing head norm": ("qwen3", head_norm, "missing", f"{LAYER}self_attn.q_norm.weight", "is not stored"),
    "a head norm of another size": ("qwen3", put(f"{LAYER}self_attn.k_norm.weight", (48,)), "shape", f"{LAYER}self_attn.k_norm.weight", "[8]"),
    "whole numbers for weights": ("llama", put(NORM, (24,), "I64"), "dtype", NORM, "stored as I64"),
    "doubles for weights": ("llama", put(NORM, (24,), "F64"), "dtype", NORM, "stored as F64"),
    "bytes for weights": ("llama", put(QUERIES, (48, 24), "U8"), "dtype", QUERIES, "stored as U8"),
    "a tied head with other bytes": ("llama", two_heads, "head", HEAD, "is declared to be"),
    "a lie about kv heads": ("llama", set_config(num_key_value_heads=3), "shape", KEYS, "[24, 24]"),
    "a lie about the head size": ("llama", set_config(head_dim=10), "shape", QUERIES, "[60, 24]"),
    "one layer too many": ("llama", set_config(num_hidden_layers=3), "missing", "model.layers.2.mlp.up_proj.weight", "is not stored"),
    "one layer too few": ("llama", set_config(num_hidden_layers=1), "unexpected", QUERIES, "belongs to no"),
    "a lie about the vocabulary": ("llama", set_config(vocab_size=39), "shape", HEAD, "[39, 24]"),
        "a llama with the biases of a qwen2": ("qwen2", set_config(model_type="llama", architectures=["LlamaForCausalLM"]), "unexpected", f"{LAYER}self_attn.v_proj.bias", "belongs to no llama"),
    "a qwen3 without its norms' family": ("llama", set_config(model_type="qwen3", architectures=["Qwen3ForCausalLM"]), "missing", f"{LAYER}self_attn.k_norm.weight", "is not stored"),
    "more tokens than rows": ("llama", lambda made: setattr(made, "tokens", ROWS + 1), "tokenizer", "tokenizer.json", "ids up to 40; the embedding has 40 rows"),
    "counts at the edge of what a count may be": ("llama", set_config(hidden_size=2**30, intermediate_size=2**31 - 1, vocab_size=2**31 - 1, head_dim=2**30, num_hidden_layers=512), "shape", EMBEDDING, "[2147483647, 1073741824]"),
}  # fmt: skip


@pytest.mark.parametrize(("family", "damage", "kind", "name", "message"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    family: str,
    damage: Any,
    kind: str,
    name: str,
    message: str,
) -> None:
    made = foreign(family)
    damage(made)
    folder = made.write(tmp_path / "theirs")
    status, found = inventory(folder, capsys, "--output", str(tmp_path / "ours"))
    named = [one for one in found["misfits"] if (one["kind"], one["name"]) == (kind, name)]
    assert status == 1
    assert len(named) == 1, found["misfits"]
    assert message in named[0]["message"]
    assert all(one["mend"] for one in found["misfits"])
    assert found["written"] is None
    assert not (tmp_path / "ours").exists()
    assert main(["import", "checkpoint", str(folder)]) == 1
    said = capsys.readouterr().out
    assert name in said
    assert said.endswith(("1 thing does not fit\n", f"{len(found['misfits'])} things do not fit\n"))


def edit(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change a JSON document."""
    document = json.loads((folder / name).read_text())
    change(document)
    (folder / name).write_text(json.dumps(document))


def lose_shard(folder: Path) -> None:
    (folder / SECOND).unlink()


def twice(folder: Path) -> None:
    """The norm of the last shard in the first one as well."""
    made = foreign("llama", shards=3)
    files = made.files()
    files["model-00001-of-00003.safetensors"][NORM] = made.tensors[NORM]
    from tests.models.foreign_checkpoints import safetensors

    for file, tensors in files.items():
        (folder / file).write_bytes(safetensors(tensors))


def forget(folder: Path) -> None:
    edit(folder, INDEX, lambda index: index["weight_map"].pop(NORM))


def mislead(folder: Path) -> None:
    edit(folder, INDEX, lambda index: index["weight_map"].update({NORM: "model-00001-of-00003.safetensors"}))


def invent(folder: Path) -> None:
    edit(folder, INDEX, lambda index: index["weight_map"].update({"model.more": SECOND}))


def lie(folder: Path) -> None:
    edit(
        folder, INDEX, lambda index: index["metadata"].update(total_size=index["metadata"]["total_size"] + 1)
    )


def adapter(folder: Path) -> None:
    (folder / "adapter_model.safetensors").write_bytes((folder / SECOND).read_bytes())


SHARDED: Final[dict[str, tuple[Callable[[Path], None], str, str, str]]] = {
    "a shard that is missing": (lose_shard, "shard", SECOND, "is not here;"),
    "a tensor in two shards": (twice, "duplicate", NORM, "is stored in"),
    "a tensor that the index forgets": (forget, "index", NORM, "the index does not say so"),
    "a tensor in another shard than the index says": (mislead, "index", NORM, "the index"),
    "a tensor that only the index has": (invent, "index", "model.more", f"is not in {SECOND}"),
    "a sum that is wrong": (lie, "size", INDEX, "says total_size"),
    "an adapter beside it": (
        adapter,
        "file",
        "adapter_model.safetensors",
        "is not in model.safetensors.index",
    ),
}


@pytest.mark.parametrize(("damage", "kind", "name", "message"), SHARDED.values(), ids=SHARDED)
def test_what_does_not_fit_between_shards_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any, kind: str, name: str, message: str
) -> None:
    folder = foreign("llama", shards=3).write(tmp_path / "theirs")
    damage(folder)
    status, found = inventory(folder, capsys)
    named = [one for one in found["misfits"] if (one["kind"], one["name"]) == (kind, name)]
    assert status == 1
    assert named, found["misfits"]
    assert message in named[0]["message"]
    assert not [one for one in found["misfits"] if one["kind"] == "missing"]


def config(**changes: Any) -> Callable[[Path], None]:
    """A damage: fields of a written `config.json`."""
    return lambda folder: edit(folder, "config.json", lambda document: document.update(changes))


def replaced(name: str, data: bytes) -> Callable[[Path], None]:
    """A damage: other bytes for a file."""

    def damage(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return damage


def fifo(name: str) -> Callable[[Path], None]:
    """A damage: a pipe for a file, which a careless reader would wait for."""

    def damage(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return damage


def pickled(name: str) -> Callable[[Path], None]:
    """A damage: weights under another name."""

    def damage(folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / name)

    return damage


ROPE: Final = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
REFUSED: Final[dict[str, tuple[str, Callable[[Path], None], str]]] = {
    "pickled weights": ("llama", pickled("pytorch_model.bin"), "runs code of whoever wrote it"),
    "pickled weights, another name": ("llama", pickled("weights.pth"), "pickled weights are not opened"),
    "no weights": ("llama", lambda folder: (folder / "model.safetensors").unlink(), "there is neither"),
    "a shard without its index": ("llama", pickled("model-00001-of-00002.safetensors"), "alone does not say"),
    "no configuration": ("llama", lambda folder: (folder / "config.json").unlink(), "config.json is not here"),
    "a pipe for a configuration": ("llama", fifo("config.json"), "not a regular file"),
    "a pipe for the weights": ("llama", fifo("model.safetensors"), "not a regular file"),
    "a garbled configuration": ("llama", replaced("config.json", b"{"), "cannot be read as JSON"),
    "a list for a configuration": ("llama", replaced("config.json", b"[]"), "not a JSON object"),
    "a field given twice": ("llama", replaced("config.json", b'{"a": 1, "a": 2}'), "given twice"),
    "garbled weights": ("llama", replaced("model.safetensors", b"\0" * 64), "model.safetensors@"),
    "cut weights": ("llama", lambda folder: os.truncate(folder / "model.safetensors", 3000), "cut short"),
    "no family": ("llama", config(model_type=None), "families that are known: llama, qwen2, qwen3"),
    "a family spelled alike": ("llama", config(model_type="llava", text_config={}), "'llava' (a model that reads more than text)\n  why:  families that are known: llama, qwen2, qwen3; guessing would load something else\n  mend: use a checkpoint of one of these families"),
    "a family that is no text": ("llama", config(model_type=["llama"]), "model_type is"),
    "a family that nobody knows": ("llama", config(model_type="nobodys"), "neither specship nor the installed transformers knows this family"),
    "a model of pictures": ("llama", config(model_type="llava", vision_config={}), "use a checkpoint of one of these families"),
    "a family of pictures": ("llama", config(model_type="qwen2_vl"), "'qwen2_vl' (a model that reads more than text)"),
    "an encoder and a decoder": ("llama", config(model_type="t5", is_encoder_decoder=True), "'t5' (an encoder and a decoder)"),
    "a file of another family": ("llama", config(model_type="mamba"), "that writes text is a MambaForCausalLM"),
    "experts in a plain family": ("qwen3", config(num_experts=64), "mixture of experts has a router"),
    "a classifier": ("llama", config(architectures=["LlamaForSequenceClassification"]), "architectures is"),
    "quantized weights": ("qwen2", config(quantization_config={"quant_method": "gptq"}), "quantized by GPTQ"),
    "weights quantized in a way that can be undone": ("llama", config(quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True}), "M.from_pretrained(sys.argv[1]).dequantize()"),
    "weights quantized in an unknown way": ("llama", config(quantization_config={"quant_method": ["x"], "bits": 3}), "to 3 bits"),
    "a quantization that is no object": ("llama", config(quantization_config=3), "not an object"),
    "code that comes along": ("llama", config(auto_map={"AutoModel": "x.Y"}), "never run"),
    "layers of another kind": ("qwen3", config(layer_types=["full_attention", "linear_attention"]), "linear_attention"),
    "too few kinds of layers": ("qwen3", config(layer_types=["full_attention"]), "no list of 2 kinds"),
    "a rotation spelled alike": ("llama", config(rope_scaling={"rope_type": "yarm", "factor": 4.0}), "use a checkpoint with one of these"),
    "a yarn with more to it": ("qwen2", config(rope_scaling={"rope_type": "yarn", "factor": 4.0, "mscale": 0.7}), "'mscale' is no field of"),
    "a yarn that turns by nothing": ("qwen2", config(rope_scaling={"rope_type": "yarn", "factor": 4.0, "rope_theta": 1.0}), "yarn needs a base above 1"),
    "a yarn whose ramp falls": ("qwen2", config(rope_scaling={"rope_type": "yarn", "factor": 4.0, "beta_fast": 0.5}), "beta_slow must be below"),
    "a yarn that turns without end": ("qwen2", config(rope_scaling={"rope_type": "yarn", "factor": 4.0, "beta_fast": 1e308}), "beta_slow must be below"),
    "a yarn of negative sharpness": ("qwen2", config(rope_scaling={"rope_type": "yarn", "factor": 4.0, "attention_factor": -1}), "attention_factor is -1"),
    "a rotation of several kinds": ("llama", config(rope_parameters={"full_attention": {"rope_type": "default"}}), "is no field of"),
    "a rotation that is no text": ("llama", config(rope_scaling={"rope_type": 3}), "rope type 3"),
    "a rotation that is no object": ("llama", config(rope_scaling=[1]), "not an object"),
    "linear scaling by nothing": ("llama", config(rope_scaling={"type": "linear"}), "factor is None"),
    "linear scaling by zero": ("llama", config(rope_scaling={"type": "linear", "factor": 0}), "factor is 0"),
    "llama3 without its factors": ("llama", config(rope_scaling={"rope_type": "llama3", "factor": 8}), "low_freq_factor"),
    "llama3 with equal factors": ("llama", config(rope_scaling=ROPE | {"high_freq_factor": 1.0}), "must be below"),
    "llama3 from a negative context": ("llama", config(rope_scaling=ROPE | {"original_max_position_embeddings": -8}), "not a count"),
    "llama3 from two contexts": ("llama", config(rope_scaling=ROPE | {"original_max_position_embeddings": 8}, original_max_position_embeddings=9), "said twice"),
    "two rotations": ("llama", config(rope_scaling={"type": "linear", "factor": 2}, rope_parameters={"rope_type": "default"}), "different things"),
    "half of a head turned": ("llama", config(partial_rotary_factor=0.5), "partial_rotary_factor is 0.5"),
    "half of a head turned, inside": ("llama", config(rope_parameters={"partial_rotary_factor": 0.5}), "every dimension of a head"),
    "no sizes": ("llama", config(hidden_size=None), "hidden_size is None"),
    "a text for a count": ("llama", config(num_hidden_layers="2"), "num_hidden_layers is '2'"),
    "truth for a count": ("llama", config(num_hidden_layers=True), "num_hidden_layers is True"),
    "a negative count": ("llama", config(num_attention_heads=-6), "num_attention_heads is -6"),
    "a count of nothing": ("llama", config(vocab_size=0), "vocab_size is 0"),
    "an absurd count": ("llama", config(intermediate_size=2**31), "not a count"),
    "a number beyond all readers": ("llama", config(intermediate_size=10**30), "beyond 2**53"),
    "a million layers": ("llama", config(num_hidden_layers=10**6), "layers at most 512"),
    "heads that share unevenly": ("llama", config(num_key_value_heads=4), "multiple of kv heads"),
    "a head of odd size": ("llama", config(head_dim=7), "head_dim even"),
    "a hidden size that does not split": ("llama", config(head_dim=None, hidden_size=26), "head_dim is None"),
    "a qwen3 without its head size": ("qwen3", config(head_dim=None), "head_dim is None"),
    "a qwen2 without its key-value heads": ("qwen2", config(num_key_value_heads=None), "num_key_value_heads is None"),
    "a text for a truth": ("llama", config(tie_word_embeddings="false"), "tie_word_embeddings is 'false', not true or false"),
    "an epsilon of nothing": ("llama", config(rms_norm_eps=0), "rms_norm_eps is 0"),
    "an end token outside": ("llama", config(eos_token_id=[1, ROWS]), "eos_token_id is 40"),
    "an end token that is no number": ("llama", config(eos_token_id=1.5), "eos_token_id is 1.5"),
}  # fmt: skip


@pytest.mark.parametrize(("family", "damage", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_reason_and_mend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str, damage: Any, message: str
) -> None:
    folder = foreign(family).write(tmp_path / "theirs")
    damage(folder)
    assert main(["import", "checkpoint", str(folder), "--output", str(tmp_path / "ours")]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert "mend:" in said.err
    assert str(folder) in said.err
    assert said.out == ""
    assert not (tmp_path / "ours").exists()


NOTES: Final[dict[str, tuple[Callable[[Foreign], None], Callable[[Path], None], str]]] = {
    "a tied head stored once more": (
        lambda made: made.tensors.update({HEAD: made.tensors[EMBEDDING]}) or made.config.update(tie_word_embeddings=True),
        nothing,
        f"{HEAD} is stored once more",
    ),
    "rotations of an older writer": (
        put("model.layers.0.self_attn.rotary_emb.inv_freq", (4,)),
        nothing,
        "1 stored rotations follow from the configuration",
    ),
    "a pickle beside the weights": (
        nothing,
        replaced("training_args.bin", b"x"),
        "training_args.bin was not opened",
    ),
    "no tokenizer": (nothing, lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer.json"),
    "one tensor of another type": (
        put(NORM, (24,), "BF16"),
        nothing,
        f"1 tensor is stored as BF16, unlike the rest, first {NORM}",
    ),
    "another type than is declared": (set_config(torch_dtype="bfloat16"), nothing, "says BF16"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "damage", "note"), NOTES.values(), ids=NOTES)
def test_what_changes_nothing_is_noted_and_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Any, damage: Any, note: str
) -> None:
    made = foreign("llama")
    make(made)
    folder = made.write(tmp_path / "theirs")
    damage(folder)
    status, found = inventory(folder, capsys, "--output", str(tmp_path / "ours"))
    assert (status, found["written"]) == (0, str(tmp_path / "ours"))
    assert note in " ".join(found["notes"])
    assert found["parameters"]["stored"] == found["parameters"]["declared"]
    _, again = inventory(tmp_path / "ours", capsys)
    assert {one["name"] for one in again["tensors"]} == {
        one["name"] for one in found["tensors"] if not one["redundant"]
    }


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b'{"model": {}}',
        b'{"model": {"vocab": {"a": "x"}}}',
        b'{"model": {"vocab": {"a": 0}}, "added_tokens": [1]}',
    ],
)
def test_a_garbled_tokenizer_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes
) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    (folder / "tokenizer.json").write_bytes(text)
    status, found = inventory(folder, capsys)
    assert status == 1
    assert [one["name"] for one in found["misfits"]] == ["tokenizer.json"]


def test_a_tokenizer_that_is_a_list_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    pieces = [[f"t{number}", 0.0] for number in range(39)]
    (folder / "tokenizer.json").write_text(
        json.dumps({"model": {"type": "Unigram", "unk_id": 0, "vocab": pieces}})
    )
    status, found = inventory(folder, capsys)
    assert (status, found["vocabulary"]["tokenizer"]) == (0, 39)


def test_a_model_of_real_size_is_accounted_for_by_its_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sizes of a published Qwen2 of half a billion parameters; the file itself is a hole."""
    sizes = {
        "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
        "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 151936, "tie_word_embeddings": True,
        "max_position_embeddings": 32768, "sliding_window": 32768, "max_window_layers": 24,
        "use_sliding_window": False, "rope_theta": 1000000.0, "torch_dtype": "bfloat16",
    }  # fmt: skip
    document = config_of("qwen2", **sizes)
    made = Foreign({**document}, {}, tokens=151665)
    del made.config["head_dim"]
    made.put(NORM, (896,), "BF16")
    folder, entries, end = made.write(tmp_path / "theirs"), {}, 0
    for name, shape in tensors_of(document).items():
        begin, end = end, end + 2 * math.prod(shape)
        entries[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [begin, end]}
    header = stored(entries, b"")
    (folder / "model.safetensors").write_bytes(header)
    os.truncate(folder / "model.safetensors", len(header) + end)
    status, found = inventory(folder, capsys)
    assert (status, found["misfits"], found["head"]) == (0, [], "tied")
    assert found["parameters"] == {"stored": 494032768, "declared": 494032768}
    assert found["vocabulary"] == {"embedding_rows": 151936, "tokenizer": 151665, "padding_rows": 271}


def test_many_misfits_are_cut_short_for_people_and_not_for_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = foreign("llama", num_hidden_layers=6).write(tmp_path / "theirs")
    config(num_hidden_layers=1)(folder)
    _, found = inventory(folder, capsys)
    assert len(found["misfits"]) == 45
    main(["import", "checkpoint", str(folder)])
    assert "25 more; --format json names them all" in capsys.readouterr().out


SOUND: Final = """\
family      qwen2 (Qwen2ForCausalLM)
layers      2, 6 heads of 8, 2 kv heads
rotation    theta 10000, stretched by 4 (linear)
tensors     27 (27 BF16), {bytes} bytes, 3 files
parameters  {numbers} stored, {numbers} declared
head        own
vocabulary  40 rows, 37 ids of the tokenizer, 3 rows of padding
assumed     rms_norm_eps = 1e-06: config.json does not say it
no effect   '\\x1b', surprise
every tensor fits
"""


def test_the_console_command_prints_what_a_person_wants_to_know(tmp_path: Path) -> None:
    scaling = {"rope_scaling": {"type": "linear", "factor": 4.0}}
    odd = {"surprise": 1, "\x1b": 1}
    made = foreign("qwen2", shards=3, dtype="BF16", **scaling, **odd)
    del made.config["rms_norm_eps"]
    folder = made.write(tmp_path / "theirs")
    done = specship("import", "checkpoint", folder)
    size = sum(len(data) for _, _, data in made.tensors.values())
    assert done.stdout == SOUND.format(bytes=size, numbers=size // 2)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    code = (
        "import sys\nfrom specship.cli import main\n"
        f"status = main(['import', 'checkpoint', {str(folder)!r}, '--output', {str(tmp_path / 'ours')!r}])\n"
        "print(status, sorted({'torch', 'numpy', 'transformers', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 []\n")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_imported_model_of_every_family_writes_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str
) -> None:
    from tests.models.inference_chain import tokenizer

    folder = foreign(family, shards=2, vocab_size=515).write(tmp_path / "theirs")
    (folder / "tokenizer.json").write_bytes((tokenizer() / "tokenizer.json").read_bytes())
    assert main(["import", "checkpoint", str(folder), "--output", str(tmp_path / "ours")]) == 0
    assert "515 rows, 500 ids of the tokenizer, 15 rows of padding" in capsys.readouterr().out
    said = []
    for path in (folder, tmp_path / "ours"):
        assert main(["run", str(path), "def f(x):", "--tokens", "4"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != ""
    assert main(["bench", str(folder), "--tokens", "4", "--samples", "1"]) == 0
    assert "transformers" in capsys.readouterr().out
