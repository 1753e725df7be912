"""`specship compare`: sound copies agree whatever runs them, and every kind of fault is named on a real file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch

from specship.cli import main
from specship.errors import UnusableInput
from specship.pipeline.comparison.activations import Activation, blocks_of, pooled_difference
from specship.pipeline.comparison.comparing import compare
from specship.pipeline.comparison.comparison import ComparisonTask
from specship.pipeline.comparison.next_token_distributions import (
    NextTokenDistribution,
    compare_distributions,
    summed,
)
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.model.rotary_order import interleave_rows
from tests.models.compared_models import Array, Edit, changed, model, with_another_token, with_other_merges
from tests.models.gguf_rewriting import rewritten
from tests.models.other_families import other
from tests.models.other_ggufs import other_gguf
from tests.models.trained_checkpoint import copied, edit_config

pytestmark = pytest.mark.usefixtures("one_thread")

FAMILIES: Final = ("llama", "qwen2", "qwen3")
TEXT: Final = "import os\nclass Node:\n    def __init__"
WORK: Final = ComparisonTask(texts=(TEXT,), steps=12)
OTHER_ROTATION: Final = {"rope_type": "default", "rope_theta": 1e6}
LINEAR: Final = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}


def compared(a: Path | str, b: Path | str, work: ComparisonTask = WORK) -> dict[str, Any]:
    """A comparison without llama.cpp."""
    return compare(str(a), str(b), work, with_llama_cpp=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoint_agrees_with_live_transformers_block_by_block(family: str) -> None:
    folder = model(family)
    found = compared(folder, f"transformers:{folder}")
    assert found["first_departing_stage"] is None
    assert [row["stage"] for row in found["stages"]] == blocks_of(2)
    assert found["stages"][0]["relative_difference"] == 0
    assert all(0 < row["relative_difference"] < 1e-5 for row in found["stages"][1:])
    assert found["greedy"]["equal_steps"] == found["greedy"]["steps"] == 12
    assert (found["top1_agreement"], found["near_ties"]) == (1.0, 0)
    assert found["mean_kl"] < 1e-9


@pytest.mark.parametrize("family", FAMILIES)
def test_an_export_agrees_at_its_own_precision(tmp_path: Path, family: str) -> None:
    """Every tensor of both is compared, and a quantized export differs a little everywhere and diverges nowhere."""
    for dtype in ("F32", "Q8_0"):
        export_gguf(model(family), tmp_path / f"{dtype}.gguf", dtype=dtype)
        found = compared(model(family), tmp_path / f"{dtype}.gguf")
        assert found["first_departing_stage"] is None
        tensors = len(found["tensors"])
        assert found["tensors_compared"] == found["tensors_equal"] == tensors > 20
        rows = found["stages"]
        if dtype == "F32":
            assert all(row["relative_difference"] == 0 and row["at_one_precision"] is None for row in rows)
        else:
            assert all(1e-3 < row["relative_difference"] < row["allowed"] for row in rows)
            assert all(row["at_one_precision"] < 1e-6 for row in rows)
            assert found["mean_kl"] > 1e-6


STRETCHED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "llama3, which a GGUF has as factors": (
        "llama",
        {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
         "high_freq_factor": 4.0, "original_max_position_embeddings": 32},
    ),
    "yarn": ("qwen2", {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0,
                       "original_max_position_embeddings": 64}),
    "linear": ("qwen3", LINEAR),
}  # fmt: skip


@pytest.mark.parametrize(("family", "rope"), STRETCHED.values(), ids=STRETCHED)
def test_stretched_rotations_survive_an_export(tmp_path: Path, family: str, rope: dict[str, Any]) -> None:
    folder = changed(model(family), tmp_path / "stretched", rope_parameters=rope)
    export_gguf(folder, tmp_path / "model.gguf")
    found = compared(folder, tmp_path / "model.gguf")
    assert (found["first_departing_stage"], found["greedy"]["equal_steps"]) == (None, 12)
    assert compared(model(family), tmp_path / "model.gguf")["departure"]["kind"] == "wrong rope"


def rotary(heads: int) -> Edit:
    """Rows of halves in the order of pairs, of a matrix or a bias."""
    return lambda a: interleave_rows(a.reshape(len(a), -1), heads).reshape(a.shape)


def in_column_order(a: Array) -> Array:
    return a.T.reshape(a.shape)


def scaled(factor: float) -> Edit:
    return lambda a: a * np.float32(factor)


def other_heads(a: Array) -> Array:
    return a.reshape(2, 16, -1)[::-1].reshape(a.shape)


def shuffled(axis: int) -> Edit:
    return lambda a: np.random.default_rng(4).permutation(a, axis=axis)


def noisy(a: Array) -> Array:
    return a + np.random.default_rng(5).standard_normal(a.shape, dtype=np.float32) * np.float32(0.1)


LAYER_0: Final = "model.layers.0."
LAYER_1: Final = "model.layers.1."
FAULTS: Final[dict[str, tuple[str, Mapping[str, Edit], dict[str, Any], str, str, str]]] = {
    "transposed, not square": (
        "llama", {LAYER_1 + "mlp.down_proj.weight": in_column_order}, {},
        "block.1.mlp", "transposed", "down_proj.weight: its values stand in column order",
    ),
    "transposed, square": (
        "qwen2", {LAYER_0 + "self_attn.o_proj.weight": in_column_order}, {},
        "block.0.attention", "transposed", "o_proj.weight: its values stand in column order",
    ),
    "queries in the other rotary order, with their bias": (
        "qwen2",
        {LAYER_0 + f"self_attn.q_proj.{part}": rotary(4) for part in ("weight", "bias")}, {},
        "block.0.attention", "permuted", "q_proj.weight: its rows stand in pairs, not halves",
    ),
    "keys in the other rotary order": (
        "qwen3", {LAYER_1 + "self_attn.k_proj.weight": rotary(2)}, {},
        "block.1.attention", "permuted", "k_proj.weight: its rows stand in pairs, not halves",
    ),
    "heads exchanged": (
        "llama", {LAYER_0 + "self_attn.v_proj.weight": other_heads}, {},
        "block.0.attention", "permuted", "its heads (rows) stand in the order [1, 0]",
    ),
    "columns shuffled": (
        "llama", {LAYER_0 + "mlp.gate_proj.weight": shuffled(1)}, {},
        "block.0.mlp", "permuted", "of its 64 columns stand elsewhere",
    ),
    "rows of the embedding shuffled": (
        "llama", {"model.embed_tokens.weight": shuffled(0)}, {},
        "embedding", "permuted", "of its 512 rows stand elsewhere",
    ),
    "a matrix scaled": (
        "qwen3", {LAYER_1 + "self_attn.v_proj.weight": scaled(1.5)}, {},
        "block.1.attention", "scaled", "v_proj.weight: its values are 1.5 times what they should be",
    ),
    "the last norm scaled": (
        "llama", {"model.norm.weight": scaled(0.5)}, {},
        "final_norm", "scaled", "its values are 0.5 times",
    ),
    "the head's sign turned": (
        "qwen2", {"lm_head.weight": scaled(-1.0)}, {}, "head", "scaled", "its values are -1 times"
    ),
    "a bias of zeros": (
        "qwen2", {LAYER_0 + "self_attn.k_proj.bias": lambda a: a * 0}, {},
        "block.0.attention", "biased", "k_proj.bias: its values are all zero",
    ),
    "another epsilon": (
        "llama", {}, {"rms_norm_eps": 1e-2}, "block.0.attention", "wrong eps", "0.01 should be 1e-05"
    ),
    "another base of the rotation": (
        "qwen2", {}, {"rope_parameters": OTHER_ROTATION},
        "block.0.attention", "wrong theta", "rope_theta 1e+06 should be 10000",
    ),
    "a stretched rotation": (
        "llama", {}, {"rope_parameters": LINEAR},
        "block.0.attention", "wrong rope", "rope scaling linear should be default",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("family", "tensors", "config", "block", "kind", "what"), FAULTS.values(), ids=FAULTS
)
def test_a_fault_in_a_real_file_is_named_and_undoing_it_is_shown_to_help(
    tmp_path: Path,
    family: str,
    tensors: Mapping[str, Edit],
    config: dict[str, Any],
    block: str,
    kind: str,
    what: str,
) -> None:
    found = compared(model(family), changed(model(family), tmp_path / "bad", tensors, **config))
    divergence = found["departure"]
    assert found["first_departing_stage"] == divergence["stage"] == block
    assert found["first_diverging_block"] == block
    assert (divergence["kind"], what in divergence["what"]) == (kind, True), divergence
    assert divergence["before"] > 1e-3
    assert divergence["after"] < 5e-5
    assert found["tensors_departing"] == len(tensors)


def test_biases_that_were_left_out_are_missed(tmp_path: Path) -> None:
    """A Llama with biases everywhere, and a copy whose files agree with each other that there are none."""
    sound = model("llama", attention_bias=True)
    names = [f"model.layers.{n}.self_attn.{part}_proj.bias" for n in range(2) for part in "qkvo"]
    bad = changed(sound, tmp_path / "bad", dict.fromkeys(names), attention_bias=False)
    found = compared(sound, bad)
    assert found["departure"]["kind"] == "biased"
    assert "8 bias vectors are missing" in found["departure"]["what"]
    assert found["departure"]["after"] < 1e-6
    assert [one["fault"] for one in found["tensors"] if one["departs"]] == ["only a has it"] * 8
    turned = compared(bad, sound)
    assert "8 bias vectors are too many" in turned["departure"]["what"]
    assert turned["departure"]["after"] < 1e-6


def test_a_row_that_no_text_reads_diverges_all_the_same(tmp_path: Path) -> None:
    """Every block agrees on these tokens, so only the comparison of tensors can see it."""

    def one_row(a: Array) -> Array:
        a[499] *= 2
        return a

    bad = changed(model("llama"), tmp_path / "bad", {"model.embed_tokens.weight": one_row})
    found = compared(model("llama"), bad)
    assert not any(row["departs"] for row in found["stages"])
    assert (found["first_departing_stage"], found["tensors_departing"]) == ("model.embed_tokens.weight", 1)


def test_a_stretch_that_only_lengthens_is_a_wrong_rotation(tmp_path: Path) -> None:
    """Two YaRN rotations turn alike and differ by their factor on the scores."""
    yarn = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}
    sound = changed(model("llama"), tmp_path / "sound", rope_parameters=yarn)
    bad = changed(sound, tmp_path / "bad", rope_parameters=yarn | {"attention_factor": 2.0})
    divergence = compared(sound, bad)["departure"]
    assert (divergence["kind"], divergence["stage"]) == ("wrong rope", "block.0.attention")


def test_two_matrices_in_each_others_place(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    arrays = load_file(model("llama") / "model.safetensors")
    gate, up = (f"{LAYER_0}mlp.{part}_proj.weight" for part in ("gate", "up"))
    bad = changed(model("llama"), tmp_path / "bad", {gate: lambda _: arrays[up], up: lambda _: arrays[gate]})
    divergence = compared(model("llama"), bad)["departure"]
    assert (divergence["kind"], divergence["after"]) == ("permuted", 0.0)
    assert "stand in each other's place" in divergence["what"]


def test_what_no_hypothesis_explains_is_unknown_and_says_what_was_tried(tmp_path: Path) -> None:
    bad = changed(model("llama"), tmp_path / "bad", {LAYER_0 + "mlp.up_proj.weight": noisy})
    divergence = compared(model("llama"), bad)["departure"]
    assert (divergence["stage"], divergence["kind"], divergence["after"]) == ("block.0.mlp", "unknown", None)
    assert len(divergence["tried"]) > 3
    assert all(one["after"] > divergence["allowed"] for one in divergence["tried"])


@pytest.mark.parametrize("dtype", ["Q8_0", "Q4_0"])
def test_a_fault_below_the_noise_of_a_quantization_is_named(tmp_path: Path, dtype: Any) -> None:
    """The epsilon moves the block by far less than the rounding of its weights does."""
    export_gguf(
        changed(model("llama"), tmp_path / "bad", rms_norm_eps=2e-4), tmp_path / "bad.gguf", dtype=dtype
    )
    found = compared(model("llama"), tmp_path / "bad.gguf")
    divergence = found["departure"]
    row = next(row for row in found["stages"] if row["departs"])
    assert row["relative_difference"] < row["allowed"]
    assert (divergence["stage"], divergence["kind"]) == ("block.0.attention", "wrong eps")
    assert divergence["before"] < row["relative_difference"]
    assert divergence["after"] < 1e-6
    assert found["tensors_departing"] == 0


def test_a_gguf_whose_queries_were_never_reordered_is_named(tmp_path: Path) -> None:
    export_gguf(model("llama"), tmp_path / "good.gguf")
    from specship.pipeline.gguf.reader import read_gguf

    rows_NC = read_gguf(tmp_path / "good.gguf").array("blk.0.attn_q.weight")  # noqa: N806 - axes
    wrong: Any = {"blk.0.attn_q.weight": interleave_rows(rows_NC, 4)}
    bad = rewritten(tmp_path / "good.gguf", tmp_path / "bad.gguf", **wrong)
    divergence = compared(model("llama"), bad)["departure"]
    assert (divergence["stage"], divergence["kind"]) == ("block.0.attention", "permuted")
    assert divergence["before"] > 0.1
    assert divergence["after"] < 1e-6


def test_live_transformers_with_another_rotation_diverges_later_than_the_first_token(tmp_path: Path) -> None:
    """The first position alone would prove nothing: there every rotation is the same."""
    bad = changed(model("qwen2"), tmp_path / "bad", rope_parameters=OTHER_ROTATION)
    found = compared(model("qwen2"), f"transformers:{bad}")
    assert found["departure"]["kind"] == "wrong theta"
    assert found["positions"][0]["kl"] < 1e-9
    assert found["max_kl"] > 1e-4
    assert len(found["positions"]) == found["tokens_compared"] > 12


def test_llama_cpp_is_a_side_and_diverges_on_a_wrong_file(tmp_path: Path) -> None:
    export_gguf(model("qwen3"), tmp_path / "good.gguf")
    sound = compared(
        model("qwen3"), f"llama.cpp:{tmp_path / 'good.gguf'}", ComparisonTask(texts=(TEXT,), steps=64)
    )
    assert sound["first_departing_stage"] is None
    assert (sound["stages_compared"], sound["tokens_compared"] > 20) == (0, True)
    assert sound["greedy"]["equal_steps"] == 64
    assert sound["max_abs_logit"] < 1e-3
    bad = rewritten(tmp_path / "good.gguf", tmp_path / "bad.gguf", qwen3__rope__freq_base=500.0)
    found = compared(model("qwen3"), f"llama.cpp:{bad}")
    assert (found["first_departing_stage"], found["departure"]) == ("head", None)
    turned = compared(f"llama.cpp:{bad}", model("qwen3"))
    assert turned["first_departing_stage"] == "head"
    both = compared(f"llama.cpp:{tmp_path / 'good.gguf'}", f"llama.cpp:{bad}")
    assert both["first_departing_stage"] == "head"


def test_the_command_prints_a_table_and_its_status_says_whether_they_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export_gguf(model("qwen2"), tmp_path / "good.gguf")
    good = ["compare", str(model("qwen2")), str(tmp_path / "good.gguf")]
    assert main([*good, "--prompt", TEXT]) == 0
    said = capsys.readouterr().out
    assert "first diverging block: none" in said
    assert "llama.cpp tokens" in said
    assert "64 of 64 steps equal" in said
    bad = changed(model("qwen2"), tmp_path / "bad", rms_norm_eps=1e-2)
    arguments = ["compare", str(model("qwen2")), str(bad), "--prompt", TEXT, "--steps", "8"]
    assert main(arguments) == 1
    said = capsys.readouterr().out
    assert "block.0.attention" in said
    assert "kind: wrong eps: rms_norm_eps 0.01 should be 1e-05" in said
    assert "undoing it lowers the block's relative difference from" in said
    assert main([*arguments, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    keys = [
        "a",
        "b",
        "tokens_compared",
        "top1_agreement",
        "mean_kl",
        "max_abs_logit",
        "first_departing_stage",
        "first_diverging_block",
    ]
    assert [key for key in keys if key not in document] == []
    assert document["first_diverging_block"] == document["first_departing_stage"] == "block.0.attention"
    assert len(document["tensors"]) == document["tensors_compared"]


def test_json_keeps_the_names_it_was_published_with(tmp_path: Path) -> None:
    """Other programs read them; a newer name stands beside an older one."""
    export_gguf(model("llama"), tmp_path / "q4.gguf", dtype="Q4_0")
    bad = changed(model("llama"), tmp_path / "bad", {LAYER_0 + "mlp.up_proj.weight": noisy})
    found = compare(str(bad), str(tmp_path / "q4.gguf"), WORK)
    tokens = {
        "tokens_compared", "top1_agreement", "near_ties", "top1_departures", "mean_kl", "max_kl", "max_abs_logit",
        "fewest_tokens_covered", "logit_allowed", "greedy",
    }  # fmt: skip
    assert found.keys() == tokens | {
        "a", "b", "kinds", "engines", "vocabulary_compared", "first_departing_stage", "first_diverging_block", "departure",
        "stages", "stages_compared", "llama_cpp", "positions",
        "tensors_compared", "tensors_equal", "tensors_departing", "tensors",
    }  # fmt: skip
    assert found["llama_cpp"].keys() == tokens
    assert found["departure"].keys() == {"stage", "kind", "what", "before", "after", "allowed", "tried"}
    assert found["departure"]["tried"][0].keys() == {"kind", "what", "before", "after"}
    assert found["stages"][0].keys() == {
        "stage", "tokens", "width", "relative_difference", "allowed", "at_one_precision", "departs",
    }  # fmt: skip
    assert found["greedy"].keys() == {"texts", "steps", "equal_steps", "partings", "departures", "a", "b"}
    assert found["greedy"]["partings"][0].keys() == {"prompt", "step", "tokens", "odds", "explained"}
    assert found["positions"][0].keys() == {
        "prompt", "position", "kl", "max_abs_logit", "likeliest", "odds", "covered",
    }  # fmt: skip
    assert found["tensors"][0].keys() == {
        "name", "equal", "relative_difference", "allowed", "max_abs_difference", "departs", "fault",
    }  # fmt: skip


def test_not_a_number_diverges_and_is_null_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def poisoned(a: Array) -> Array:
        a[3, 3] = np.nan
        return a

    bad = changed(model("llama"), tmp_path / "bad", {LAYER_1 + "mlp.up_proj.weight": poisoned})
    arguments = ["compare", str(model("llama")), str(bad), "--prompt", TEXT, "--steps", "4"]
    assert main([*arguments, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["first_departing_stage"] == "block.1.mlp"
    assert document["departure"]["kind"] == "unknown"
    assert document["mean_kl"] is None


def widened(target: Path) -> Path:
    """A copy with 520 rows for 512."""
    names = ("model.embed_tokens.weight", "lm_head.weight")
    more: Edit = lambda a: np.concatenate([a, a[:8]])  # noqa: E731
    return changed(model("llama"), target, dict.fromkeys(names, more), vocab_size=520)


def test_vocabularies_may_differ_in_rows_without_a_token(tmp_path: Path) -> None:
    """520 rows against 512: the 500 tokens are in both."""
    found = compared(model("llama"), widened(tmp_path / "wide"))
    assert (found["first_departing_stage"], found["vocabulary_compared"]) == (None, 512)


@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
def test_other_families_are_timed_beside_transformers(
    family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", str(model(family)), "--tokens", "12", "--samples", "1", "--format", "json"]) == 0
    samples = json.loads(capsys.readouterr().out)["samples"]
    assert [(one["decoder"], one["round"]) for one in samples] == [
        ("specship", 0), ("transformers", 0), ("specship", 1), ("transformers", 1),
    ]  # fmt: skip
    assert samples[2]["token_ids"] == samples[3]["token_ids"]


REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "sizes": ("sizes", "intermediate is 96 in"),
    "tokenizer": ("tokenizer", "the sides cut 'import os"),
    "vocabulary": ("vocabulary", "the vocabularies have 512 and 520 rows, and a token of"),
}


@pytest.mark.parametrize(("which", "message"), REFUSALS.values(), ids=REFUSALS)
def test_unlike_things_are_not_compared(
    tmp_path: Path, which: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = model("llama")
    if which == "sizes":
        other = model("llama", intermediate_size=80)
    elif which == "tokenizer":
        other = with_other_merges(changed(folder, tmp_path / "other"))
    else:
        other = with_another_token(widened(tmp_path / "other"), 515)
    assert main(["compare", str(folder), str(other), "--prompt", TEXT]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("nothing", "nothing", "no such file or folder"),
        ("llama.cpp:nothing", "nothing", "llama.cpp opens GGUF files"),
        ("nothing.gguf", "nothing", "nothing.gguf"),
        ("transformers:nothing", "nothing", "nothing"),
    ],
)
def test_what_is_no_side_is_said(a: str, b: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", a, b]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "defect" not in said


def test_more_positions_than_the_model_has_are_refused() -> None:
    with pytest.raises(UnusableInput, match="positions are wanted, the model has 256"):
        compared(model("llama"), model("llama"), ComparisonTask(texts=(TEXT,), steps=300))


@pytest.mark.parametrize(
    "work",
    [ComparisonTask(texts=()), ComparisonTask(texts=(TEXT,), steps=0), ComparisonTask(texts=("",))],
    ids=["no text", "no step", "an empty text"],
)
def test_nothing_compared_is_not_agreement(work: ComparisonTask) -> None:
    with pytest.raises(UnusableInput):
        compared(model("llama"), model("llama"), work)


def activation(
    block: str = "head", tokens: tuple[int, int] = (0, 7), shape: tuple[int, int] = (7, 5)
) -> Activation:
    return Activation(block, tokens, torch.ones(shape))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (activation("final_norm"), "the block of two records differ"),
        (activation(tokens=(6, 7)), r"the tokens of two records differ: \(0, 7\) and \(6, 7\)"),
        (activation(shape=(1, 5)), "the shape of two records differ"),
    ],
)
def test_figures_are_never_made_of_unlike_records(other: Activation, message: str) -> None:
    """A deviation over seven tokens against one of the last token looked like a defect once, and was none."""
    with pytest.raises(UnusableInput, match=message):
        pooled_difference([(activation(), other)])


def test_no_record_at_all_is_refused() -> None:
    with pytest.raises(UnusableInput, match="no block was recorded"):
        pooled_difference([])
    with pytest.raises(UnusableInput, match="no position was compared"):
        summed([], slack=1.0)


def distribution(*logits: float) -> NextTokenDistribution:
    return NextTokenDistribution(3, torch.tensor(logits, dtype=torch.float64).log_softmax(-1))


def test_a_near_tie_is_counted_apart_from_a_divergence() -> None:
    tie = compare_distributions(0, distribution(2.0, 1.999, 0.0), distribution(1.999, 2.0, 0.0), 3)
    apart = compare_distributions(0, distribution(2.0, 1.0, 0.0), distribution(1.0, 2.0, 0.0), 3)
    found = summed([tie, apart], slack=0.01)
    assert (found.top1_agreement, found.near_ties, found.top1_divergences) == (0.0, 1, 1)
    assert tie.likeliest == apart.likeliest == (0, 1)


def test_kl_over_some_tokens_is_a_lower_bound_of_the_whole_one() -> None:
    a, b = distribution(2.0, 1.0, 0.0, -1.0), distribution(1.5, 1.4, 0.3, -2.0)
    whole = compare_distributions(0, a, b, 4)
    assert isinstance(b.logprobs, torch.Tensor)
    part = compare_distributions(
        0, a, NextTokenDistribution(3, {0: float(b.logprobs[0]), 1: float(b.logprobs[1])}), 4
    )
    expected = float((a.of(torch.arange(4)).exp() * (a.of(torch.arange(4)) - b.of(torch.arange(4)))).sum())
    assert whole.kl == pytest.approx(expected)
    assert 0 < part.kl < whole.kl
    assert (part.covered, whole.covered) == (2, 4)


def test_distributions_of_other_places_or_vocabularies_are_refused() -> None:
    with pytest.raises(UnusableInput, match="a distribution after 3 tokens and one after 4"):
        compare_distributions(
            0, distribution(1.0, 2.0), NextTokenDistribution(4, distribution(1.0, 2.0).logprobs), 2
        )
    with pytest.raises(UnusableInput, match="a distribution over 3 tokens, and 2 are compared"):
        compare_distributions(0, distribution(1.0, 2.0), distribution(1.0, 2.0, 3.0), 2)
    with pytest.raises(UnusableInput, match="no token in common"):
        compare_distributions(0, NextTokenDistribution(3, {0: -1.0}), NextTokenDistribution(3, {1: -1.0}), 2)


def with_other_numbers(path: Path, order: Any) -> Path:
    """The GGUF of GPT-2 with a square matrix in another order."""
    tensor = read_gguf(other_gguf()).tensors["blk.1.attn_output.weight"]
    data = bytearray(other_gguf().read_bytes())
    numbers = np.frombuffer(bytes(data[tensor.offset : tensor.offset + tensor.size]), "<f4")
    data[tensor.offset : tensor.offset + tensor.size] = order(numbers.reshape(tensor.shape)).tobytes()
    path.write_bytes(data)
    return path


def test_a_family_without_a_decoder_of_ours_agrees_with_its_gguf() -> None:
    found = compared(other("gpt2"), other_gguf())
    assert found["first_diverging_block"] is None
    assert found["tensors_compared"] == found["tensors_equal"] == 28
    assert found["greedy"]["equal_steps"] == found["greedy"]["steps"] == 12
    assert (found["stages"], found["kinds"]) == ([], ["transformers", "llama.cpp"])
    assert found["max_abs_logit"] < found["logit_allowed"] < 0.1


@pytest.mark.slow
def test_a_tensor_that_holds_other_numbers_is_named_where_no_decoder_is_ours(tmp_path: Path) -> None:
    few = ComparisonTask(texts=(TEXT,), steps=4)
    found = compared(other("gpt2"), with_other_numbers(tmp_path / "flipped.gguf", np.flipud), few)
    assert [one["name"] for one in found["tensors"] if one["departs"]] == ["blk.1.attn_output.weight"]
    assert found["first_diverging_block"] == "blk.1.attn_output.weight"
    assert found["max_abs_logit"] > found["logit_allowed"]


@pytest.mark.slow
def test_a_square_matrix_that_a_converter_did_not_turn_shows_in_the_logits(tmp_path: Path) -> None:
    """By its numbers alone it is the checkpoint's: a converter may turn a matrix, or not."""
    few = ComparisonTask(texts=(TEXT,), steps=4)
    found = compared(other("gpt2"), with_other_numbers(tmp_path / "turned.gguf", np.transpose), few)
    assert found["tensors_equal"] == found["tensors_compared"]
    assert found["max_abs_logit"] > found["logit_allowed"]
    assert found["first_diverging_block"] in {"head", "greedy text"}


@pytest.mark.slow
def test_two_folders_and_two_files_of_such_a_family_are_compared(tmp_path: Path) -> None:
    few = ComparisonTask(texts=(TEXT,), steps=4)
    folder = copied(tmp_path / "theta", other("mistral"))
    edit_config(folder, rope_theta=5.0, rope_parameters={"rope_type": "default", "rope_theta": 5.0})
    found = compared(other("mistral"), folder, few)
    assert found["tensors_equal"] == found["tensors_compared"] > 20
    assert found["first_diverging_block"] in {"head", "greedy text"}

    half = tmp_path / "half.gguf"
    rewritten(other_gguf(), half)
    found = compared(other_gguf(), half, few)
    assert found["first_diverging_block"] is None
    assert found["tensors_compared"] == 28


@pytest.mark.slow
def test_what_of_others_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    folder = other("gpt2")
    cases = {
        (str(folder), f"transformers:{folder}"): "agree even where it is wrong",
        (str(folder), str(other("mistral"))): "is a gpt2",
        (f"llama.cpp:{folder}", str(folder)): "opens GGUF files",
        (f"transformers:{other_gguf()}", str(folder)): "opens checkpoint folders",
        (str(folder), str(tmp_path / "nothing")): "no such file or folder",
    }
    for (a, b), said in cases.items():
        with pytest.raises(UnusableInput) as refused:
            compared(a, b)
        assert said in f"{refused.value.message} {refused.value.why}", (a, b)
