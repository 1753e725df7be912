"""A GGUF opens like a checkpoint: the same logits, the same tokens, and a clear word where it cannot."""

import random
import struct
from pathlib import Path
from typing import Any, Final

import gguf
import numpy as np
import pytest
import torch

from specship.cli import main
from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.pipeline.evaluation.llamacpp_parity import HARD_TEXTS
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.tokenizer import rebuilt_tokenizer
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from specship.pipeline.inference.open_model import OpenModel, open_model
from tests.models.gguf_parts import Parts
from tests.models.gguf_rewriting import rewritten
from tests.models.inference_chain import checkpoint, corpus, made

pytestmark = pytest.mark.usefixtures("one_thread")

PROMPT: Final = [5, 499, 3, 1, 4, 1, 5, 9, 2, 6, 14, 7, 77, 8, 300, 21]


@pytest.mark.parametrize("shape", [{"tied": True}, {"tied": False, "head_dim": 24}], ids=str)
def test_a_gguf_decodes_as_its_checkpoint_does(tmp_path: Path, shape: Any) -> None:
    export_gguf(checkpoint(**shape), tmp_path / "model.gguf")
    opened: OpenModel = open_model(tmp_path / "model.gguf")
    folder = open_model(checkpoint(**shape))
    assert (opened.kind, folder.kind) == ("gguf", "folder")
    assert opened.tensors.keys() == folder.tensors.keys()
    assert torch.equal(Decoder(opened).logits(PROMPT), Decoder(folder).logits(PROMPT))


@pytest.mark.parametrize(("dtype", "most"), [("BF16", 0.02), ("Q8_0", 0.05), ("Q4_0", 0.8)])
def test_a_quantized_gguf_is_near_and_not_equal(tmp_path: Path, dtype: Any, most: float) -> None:
    export_gguf(checkpoint(), tmp_path / "model.gguf", dtype=dtype)
    ours_TV = Decoder.open(tmp_path / "model.gguf").logits(PROMPT)  # noqa: N806 - axes
    exact_TV = Decoder.open(checkpoint()).logits(PROMPT)  # noqa: N806
    assert 1e-4 < float((ours_TV - exact_TV).norm() / exact_TV.norm()) < most


def test_the_rebuilt_tokenizer_cuts_text_as_the_folders_and_llama_cpp_do() -> None:
    ours = open_model(made("gguf") / "model.gguf").tokenizer()
    folders = open_model(checkpoint()).tokenizer()
    whole = [path.read_text() for path in sorted(corpus().rglob("*.jsonl"))][:1]
    texts = (*HARD_TEXTS, "a<|endoftext|>b", whole[0][:4000], "")
    for text in texts:
        ids = ours.encode(text, add_special_tokens=False).ids
        assert ids == folders.encode(text, add_special_tokens=False).ids
        assert ours.decode(ids, skip_special_tokens=False) == text
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(made("gguf") / "model.gguf"), texts=HARD_TEXTS))
    assert [list(ids) for ids in answer.tokenized] == [ours.encode(text).ids for text in HARD_TEXTS]


def test_run_writes_the_same_text_from_both(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for model in (checkpoint(), made("gguf") / "model.gguf"):
        assert main(["run", str(model), "import os\n", "--tokens", "24"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert len(said[0]) > len("import os\n\n")


BAD: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "another architecture": ({"general__architecture": "gemma"}, "general.architecture is 'gemma'"),
    "class name": ({"general__architecture": "LlamaForCausalLM"}, "write 'llama'|is 'LlamaForCausalLM'"),
    "no hidden size": ({"drop": ("llama.embedding_length",)}, r"there is no llama\.embedding_length"),
    "no epsilon": ({"drop": ("llama.attention.layer_norm_rms_epsilon",)}, "there is no llama.*rms_epsilon"),
    "epsilon not a number": ({"llama__attention__layer_norm_rms_epsilon": float("nan")}, "epsilon is nan"),
    "more layers": ({"llama__block_count": 3}, "blk.2.attn_norm.weight is missing"),
    "fewer layers": ({"llama__block_count": 1}, "9 tensors are not of this architecture"),
    "no kv heads fit": ({"llama__attention__head_count_kv": 3}, "do not fit 3 key-value heads"),
    "half of a head turns": ({"llama__rope__dimension_count": 8}, "dimension_count is 8, and 16 follows"),
    "another vocabulary": ({"llama__vocab_size": 500}, "vocab_size is 500, and 512 follows"),
    "end token without a row": ({"tokenizer__ggml__eos_token_id": 512}, "eos_token_id is 512, and there are"),
    "a tensor is missing": ({"drop": ("blk.1.ffn_up.weight",)}, "blk.1.ffn_up.weight is missing"),
    "no embedding": ({"drop": ("token_embd.weight",)}, "there is no matrix token_embd.weight"),
    "a bias nobody knows": ({"blk.1.ffn_up.bias": np.zeros(96, "f4")}, "not of this architecture"),
    "a transposed matrix": (
        {"blk.0.ffn_down.weight": np.zeros((96, 64), "f4")},
        r"ffn_down.weight has shape \[96, 64\], the metadata say \[64, 96\]",
    ),
    "another rotation": ({"llama__rope__scaling__type": "longrope"}, "scaled by the rule 'longrope'"),
    "factors of another size": ({"rope_freqs.weight": np.ones(4, "f4")}, "no list of 8 factors"),
    "a factor of nothing": ({"rope_freqs.weight": np.zeros(8, "f4")}, "no list of 8 factors above 0"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_what_the_decoder_would_get_wrong_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnusableInput, match=message):
        open_model(rewritten(made("gguf") / "model.gguf", tmp_path / "model.gguf", **changes))


def test_a_rewritten_file_without_changes_is_sound(tmp_path: Path) -> None:
    found = open_model(rewritten(made("gguf") / "model.gguf", tmp_path / "model.gguf"))
    assert torch.equal(Decoder(found).logits(PROMPT), Decoder.open(checkpoint()).logits(PROMPT))


@pytest.mark.parametrize(
    "changes",
    [
        {"llama__rope__scaling__type": "linear", "llama__rope__scaling__factor": 4.0},
        {
            "llama__rope__scaling__type": "yarn",
            "llama__rope__scaling__factor": 4.0,
            "llama__rope__freq_base": 500.0,
        },
        {"rope_freqs.weight": np.linspace(1, 6, 8, dtype="f4")},
    ],
    ids=["linear", "yarn", "factors"],
)
def test_stretched_rotations_are_llama_cpps(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Every log-probability of llama.cpp on the same file, over 48 steps."""
    path = rewritten(made("gguf") / "model.gguf", tmp_path / "model.gguf", **changes)
    decoder = Decoder.open(path)
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(path), prompts=(tuple(PROMPT),), steps=48, top=10))
    steps = answer.completions[0]
    laws_TV = decoder.logits([*PROMPT, *(step.token for step in steps)]).log_softmax(-1)  # noqa: N806
    apart = [
        abs(float(laws_TV[len(PROMPT) - 1 + at, token]) - value)
        for at, step in enumerate(steps)
        for token, value in step.logprobs.items()
    ]
    assert len(apart) > 100
    assert max(apart) < 1e-3
    plain_TV = Decoder.open(checkpoint()).logits(PROMPT)  # noqa: N806
    assert not torch.allclose(decoder.logits(PROMPT), plain_TV, atol=1e-2)


TOKENIZERS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "another kind": ({"tokenizer__ggml__model": "bert"}, "of the kind 'bert'"),
    "another pre-tokenizer": ({"tokenizer__ggml__pre": "nobody"}, "the pre-tokenizer is 'nobody'"),
    "no tokens": ({"drop": ("tokenizer.ggml.tokens",)}, "there is no token in it"),
    "fewer types": ({"tokenizer__ggml__token_type": [1] * 5}, "512 tokens, 5 types"),
    "a token twice": ({"tokenizer__ggml__tokens": ["a"] * 512}, "stands in the list twice"),
    "a merge of three": ({"tokenizer__ggml__merges": ["a b c"]}, "'a b c' is no merge"),
    "a merge of nothing": ({"tokenizer__ggml__merges": ["nobody knows"]}, "make no tokenizer"),
}


@pytest.mark.parametrize(("changes", "message"), TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_tokenizer_that_cannot_be_rebuilt_is_named(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    opened = open_model(rewritten(made("gguf") / "model.gguf", tmp_path / "model.gguf", **changes))
    with pytest.raises(UnusableInput, match=message):
        opened.tokenizer()


def test_no_mutant_of_a_gguf_ends_in_a_traceback(tmp_path: Path) -> None:
    """200 files with changed bytes in the header: opened or refused, tokenizer included."""
    sound = (made("gguf") / "model.gguf").read_bytes()
    dice, refused, path = random.Random(5), 0, tmp_path / "mutant.gguf"  # noqa: S311 - no secret
    end = sound.index(b"token_embd.weight")
    for _ in range(200):
        data = bytearray(sound)
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(24, end)
            data[at : at + 4] = dice.choice([struct.pack("<I", dice.randrange(2**32)), bytes(4), b"\xff" * 4])
        path.write_bytes(data)
        try:
            opened = open_model(path)
            opened.tokenizer()
        except SpecshipError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("name", ["nothing", "nothing.gguf"])
def test_what_is_not_there_is_said(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path / name), "a"]) == 2
    assert "specship has a defect" not in capsys.readouterr().err


def test_pieces_with_scores_are_merged_as_llama_cpp_merges_them(tmp_path: Path) -> None:
    """A SentencePiece vocabulary with bytes: our ids are llama.cpp's."""
    pieces = ["▁", "a", "b", "c", "ab", "bc", "abc", "▁a", "▁ab", "▁b"]
    scores = [0.0, -20.0, -20.0, -20.0, -2.0, -1.0, -3.0, -4.0, -5.0, -6.0]
    control = ["<unk>", "<s>", "</s>"]
    table = [f"<0x{byte:02X}>" for byte in range(256)]
    filling = [f"[PAD{at}]" for at in range(512 - 3 - 256 - len(pieces))]
    path = rewritten(
        made("gguf") / "model.gguf",
        tmp_path / "model.gguf",
        drop=("tokenizer.ggml.pre", "tokenizer.ggml.merges", "tokenizer.ggml.token_type",
              "tokenizer.ggml.tokens", "tokenizer.ggml.model", "tokenizer.ggml.add_space_prefix"),
    )  # fmt: skip
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(tmp_path / "pieces.gguf", "llama")
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            writer.add_key_value(field.name, field.contents(), field.types[0])
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*control, *table, *pieces, *filling])
    writer.add_token_scores([0.0] * 259 + scores + [-100.0] * len(filling))
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * len(pieces) + [5] * len(filling))
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ours = rebuilt_tokenizer(open_model(tmp_path / "pieces.gguf").file)  # type: ignore[attr-defined]
    texts = ("abc abcab a bb cab", "ab\n\tcaf\u00e9", "abcabc")
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(tmp_path / "pieces.gguf"), texts=texts))
    for text, theirs in zip(texts, answer.tokenized, strict=True):
        ids = ours.encode(text, add_special_tokens=False).ids
        assert ids == list(theirs)
        assert ours.decode(ids) == text

    bare = Parts.of(tmp_path / "pieces.gguf")
    del bare.keys["tokenizer.ggml.scores"]
    opened = open_model(bare.write(tmp_path / "bare.gguf"))
    with pytest.raises(DamagedArtifact, match=r"there is no tokenizer\.ggml\.scores"):
        opened.tokenizer()
