"""Probes on a family without a decoder of ours, and on its GGUF: sound, and with a planted fault."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.folder_manifest import write_manifest
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.shards.token_reader import TokenReader
from specship.probes import measuring
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.models.inference_chain import corpus
from tests.models.other_families import other
from tests.models.other_ggufs import other_gguf
from tests.models.trained_chain import chain
from tests.models.trained_checkpoint import copied, edit_config, put

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


def measure(name: str, **others: Path) -> dict[str, Any]:
    given = {artifact: Artifact(artifact, path, "0" * 64) for artifact, path in others.items()}
    found = measuring.measure(all_probes()[name], given)
    return {quantity: measured.value for quantity, measured in found.quantities.items()}


def exported(folder: Path, data: bytes | None = None) -> Path:
    folder.mkdir()
    for name in ("model.gguf", "quantized.gguf"):
        (folder / name).write_bytes(other_gguf().read_bytes() if data is None else data)
    return folder


def test_a_header_is_held_against_the_configuration(tmp_path: Path) -> None:
    found = measure("gguf.header", checkpoint=other("gpt2"), gguf=exported(tmp_path / "sound"))
    assert (found["architecture"], found["missing_keys"], found["wrong_values"]) == ("gpt2", 0, 0)
    assert (found["wrong_tokens"], found["wrong_merges"], found["file_type_agrees"]) == (0, 0, "yes")
    assert found["source_agrees"] == "yes"

    folder = copied(tmp_path / "other", other("gpt2"))
    put(folder, **{"transformer.ln_f.weight": np.full(64, 2, "<f4")})
    edit_config(folder, layer_norm_epsilon=1e-3)
    found = measure("gguf.header", checkpoint=folder, gguf=tmp_path / "sound")
    assert (found["wrong_values"], found["source_agrees"]) == (1, "no")


def test_a_quantized_file_is_read_back_by_llama_cpp(tmp_path: Path) -> None:
    whole = exported(tmp_path / "whole")
    found = measure("quantized.tensors", checkpoint=other("gpt2"), quantized=whole, corpus=corpus())
    assert (found["expected_tensors"], found["uncompared_tensors"]) == (28, 0)
    assert found["lowest_cosine"] > 0.9999
    assert found["mean_kl"] < 1e-6
    assert found["same_likeliest"] > 0.99

    tensor = read_gguf(other_gguf()).tensors["blk.0.ffn_up.weight"]
    data = bytearray(other_gguf().read_bytes())
    numbers = np.frombuffer(bytes(data[tensor.offset : tensor.offset + tensor.size]), "<f4")
    data[tensor.offset : tensor.offset + tensor.size] = numbers[::-1].tobytes()
    damaged = exported(tmp_path / "damaged", bytes(data))
    found = measure("quantized.tensors", checkpoint=other("gpt2"), quantized=damaged, corpus=corpus())
    assert found["lowest_cosine"] < 0.5
    assert found["mean_kl"] > 0.01


def test_a_stranger_opens_the_folder(tmp_path: Path) -> None:
    folder = copied(tmp_path / "sound", other("gpt2"))
    (folder / "metadata.json").write_text("{}")
    write_manifest(folder)
    found = measure("checkpoint.self_contained", checkpoint=folder)
    wanted = ("missing_files", "foreign_files", "damaged_files", "missing_fields", "unnoticed_flips",
              "tensors_not_loaded", "vocabulary_difference", "round_trip_differences")  # fmt: skip
    assert {name: found[name] for name in wanted} == dict.fromkeys(wanted, 0)

    damaged = Path(shutil.copytree(folder, tmp_path / "damaged"))
    put(damaged, **{"transformer.h.0.ln_2.weight": None})
    edit_config(damaged, n_embd=None)
    found = measure("checkpoint.self_contained", checkpoint=damaged)
    assert found["missing_fields"] == 1


def test_held_out_loss_is_the_one_of_plain_transformers(tmp_path: Path) -> None:
    """Of a GPT-2 on the shards of the chain, computed again window by window; under another tokenizer not at all."""
    import torch
    from transformers import AutoModelForCausalLM

    folder = copied(tmp_path / "model", other("gpt2"))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(chain() / "tokenizer" / name, folder)
    given = {"checkpoint": folder, "shards": chain() / "shards", "baseline": chain() / "baseline"}
    found = measure("run.held_out_loss", **given)

    reader = TokenReader(given["shards"], "heldout", length=128, seed=0, at_end="halt", tokenizer=None)
    windows = torch.from_numpy(reader.heldout_windows(128, 131_072).astype("int64"))
    opened: Any = AutoModelForCausalLM
    model = opened.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    with torch.inference_mode():
        logits = model(windows[:, :-1]).logits
    wanted = torch.nn.functional.cross_entropy(logits.flatten(0, 1).double(), windows[:, 1:].flatten())
    assert found["val_loss"] == pytest.approx(wanted.item(), rel=1e-5)
    assert found["val_tokens"] == windows[:, 1:].numel()

    shutil.copy(other("gpt2") / "tokenizer.json", folder)
    with pytest.raises(DamagedArtifact, match="encoded with another tokenizer"):
        measure("run.held_out_loss", **given)
