"""Every gate passes a sound trained model and fails each damage that it is there for, naming it."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from specship.contracts.judging import Verdict
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.model.rotary_order import interleave_rows, separate_rows
from specship.pipeline.qa.records import GateAnswer
from specship.pipeline.qa.registry import all_gates
from specship.pipeline.qa.runner import ask
from specship.pipeline.qa.subject import Subject
from specship.pipeline.qa.writing import known_letters
from tests.models.trained_checkpoint import HIDDEN, copied, edit_config, exported, put, tensors, trained

Array = np.ndarray[Any, Any]
Q0: Final = "model.layers.0.self_attn.q_proj.weight"
K0: Final = "model.layers.0.self_attn.k_proj.weight"
O1: Final = "model.layers.1.self_attn.o_proj.weight"
NORM: Final = "model.norm.weight"


def answer(name: str, path: Path, **options: Any) -> GateAnswer:
    """What one gate says of a model."""
    gate = next(gate for gate in all_gates() if gate.name == name)
    return ask(gate, Subject(path=path, **options))


def figure(found: GateAnswer, name: str) -> Any:
    return next(figure["value"] for figure in found.figures if figure["name"] == name)


def damaged(tmp_path: Path, damage: Callable[[Path], Any]) -> Path:
    folder = copied(tmp_path / "model")
    damage(folder)
    return folder


def changed(name: str, change: Callable[[Array], Array]) -> Callable[[Path], None]:
    """Damage that changes one tensor."""
    return lambda folder: put(folder, **{name: change(tensors(folder)[name])})


def with_value(value: float) -> Callable[[Array], Array]:
    def change(array: Array) -> Array:
        found = array.copy()
        found.flat[7] = value
        return found

    return change


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def flipped(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def without_field(name: str) -> Callable[[Path], None]:
    return lambda folder: edit_config(folder, **{name: None})


def with_tokens(count: int) -> Callable[[Path], None]:
    """More tokens than the embedding has rows."""

    def damage(folder: Path) -> None:
        path = folder / "tokenizer.json"
        found = json.loads(path.read_text())
        found["added_tokens"] += [
            found["added_tokens"][0] | {"id": 400 + number, "content": f"<{number}>"}
            for number in range(count)
        ]
        path.write_text(json.dumps(found))

    return damage


def edited_tokenizer(**changes: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "tokenizer.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


def ordinary_end(folder: Path) -> None:
    """C6: the id that ends a text is an ordinary token."""
    edit_config(folder, eos_token_id=77)


DAMAGES: Final[dict[str, tuple[str, Callable[[Path], Any], str]]] = {
    "a file cut short": ("structure", cut, "the file at byte"),
    "a bit of the header flipped": ("structure", flipped, "model.safetensors"),
    "no tokenizer": ("structure", without("tokenizer.json"), "tokenizer.json"),
    "no configuration": ("structure", without("config.json"), "config.json"),
    "a tensor missing": ("inventory", lambda folder: put(folder, **{NORM: None}), NORM),
    "a tensor too many": (
        "inventory",
        lambda folder: put(folder, **{"model.extra.weight": np.ones((2, 3), "f4")}),
        "model.extra.weight",
    ),
    "a tensor of another shape": ("inventory", changed(Q0, lambda array: array[:-1]), Q0),
    "a tensor of another type": ("inventory", changed(Q0, lambda array: array.astype("f8")), Q0),
    "a NaN": ("statistics", changed(Q0, with_value(np.nan)), f"{Q0} is nan (1 of 4096 values"),
    "an infinite value": ("statistics", changed(K0, with_value(np.inf)), f"{K0} is infinite"),
    "a tensor of zeros": ("statistics", changed(O1, np.zeros_like), f"{O1} is all zero"),
    "a tensor of one value": ("statistics", changed(NORM, np.ones_like), f"{NORM} is constant"),
    "a matrix scaled a thousand times": ("statistics", changed(Q0, lambda a: a * 1000), f"{Q0} is exploding"),
    "one value of a million": ("statistics", changed(NORM, with_value(1e6)), f"{NORM} is exploding"),
    "ids beyond the embedding": ("tokenizer", with_tokens(9), "has id 400, the embedding 400 rows"),
    "lower case only": (
        "tokenizer",
        edited_tokenizer(normalizer={"type": "Lowercase"}),
        "comes back as",
    ),
    "white space lost": (
        "tokenizer",
        edited_tokenizer(normalizer={"type": "Strip", "strip_left": True, "strip_right": True}),
        "comes back as",
    ),
    "an ordinary token ends a text": ("tokenizer", ordinary_end, "the ordinary token"),
    "no rotation base": (
        "metadata",
        lambda folder: edit_config(folder, rope_theta=None, rope_parameters=None),
        "rope_theta is missing",
    ),
    "no head counts": ("metadata", without_field("num_key_value_heads"), "num_key_value_heads is missing"),
    "no end token": ("metadata", without_field("eos_token_id"), "eos_token_id is missing"),
    "an end token that is no id": (
        "metadata",
        lambda folder: (folder / "generation_config.json").write_text('{"eos_token_id": [0, 400]}'),
        "generation_config.json: eos_token_id names 400",
    ),
    "an impossible epsilon": (
        "metadata",
        lambda folder: edit_config(folder, rms_norm_eps=0.5),
        "the epsilon of the norms is 0.5",
    ),
}


@pytest.mark.parametrize("name", ["structure", "inventory", "statistics", "tokenizer", "metadata", "golden"])
def test_a_sound_model_passes(name: str) -> None:
    for path in (trained(), exported()):
        found = answer(name, path)
        assert (found.verdict, found.executed, found.detail) == (Verdict.PASS, True, "")
        assert all(figure["holds"] is not False for figure in found.figures)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_fails_its_gate_and_is_named(tmp_path: Path, damage: str) -> None:
    gate, inflict, words = DAMAGES[damage]
    found = answer(gate, damaged(tmp_path, inflict))
    assert (found.verdict, found.executed) == (Verdict.FAIL, True)
    assert words in " ".join((found.detail, *found.notes))


def patched(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Other bytes of the same length, once."""

    def damage(data: bytes) -> bytes:
        assert len(old) == len(new)
        assert old in data
        return data.replace(old, new, 1)

    return damage


def stale_file_type(data: bytes) -> bytes:
    """X5: the header says F16, and nothing is."""
    key = b"general.file_type" + struct.pack("<I", 4)
    return patched(key + struct.pack("<I", 0), key + struct.pack("<I", 1))(data)


GGUF_DAMAGES: Final[dict[str, tuple[str, Callable[[bytes], bytes], str]]] = {
    "cut in half": ("structure", lambda data: data[: len(data) // 2], "the file was cut at"),
    "a stale file type": ("structure", stale_file_type, "general.file_type says F16"),
    "another name of a tensor": (
        "inventory",
        patched(b"blk.1.attn_q.weight", b"blk.1.attn_z.weight"),
        "blk.1.attn_q.weight is missing",
    ),
    "NaN in the last tensor": ("statistics", lambda data: data[:-64] + b"\xff" * 64, "is nan"),
    "no rotation base": (
        "metadata",
        patched(b"llama.rope.freq_base", b"llama.rope.freq_bass"),
        "llama.rope.freq_base is missing",
    ),
    "a class name for an architecture": (
        "metadata",
        patched(struct.pack("<Q", 5) + b"llama", struct.pack("<Q", 5) + b"Llama"),
        "general.architecture is 'Llama'",
    ),
    "an ordinary token ends a text": (
        "tokenizer",
        patched(
            b"tokenizer.ggml.eos_token_id" + struct.pack("<II", 4, 0),
            b"tokenizer.ggml.eos_token_id" + struct.pack("<II", 4, 77),
        ),
        "the ordinary token",
    ),
}


@pytest.mark.parametrize("damage", GGUF_DAMAGES)
def test_a_damage_of_a_gguf_fails_its_gate_and_is_named(tmp_path: Path, damage: str) -> None:
    gate, inflict, words = GGUF_DAMAGES[damage]
    path = tmp_path / "model.gguf"
    path.write_bytes(inflict(exported().read_bytes()))
    found = answer(gate, path)
    assert (found.verdict, found.executed) == (Verdict.FAIL, True)
    assert words in " ".join((found.detail, *found.notes))


def test_an_export_that_left_rows_as_they_were_is_found(tmp_path: Path) -> None:
    """llama.cpp and our runner agree on such a file, and both are wrong."""
    weights = tensors(trained())
    rows = {name: weights[name] for name in weights if "q_proj" in name or "k_proj" in name}
    folder = copied(tmp_path / "model")
    put(folder, **{name: separate_rows(array, 4) for name, array in rows.items()})
    path = tmp_path / "model.gguf"
    export_gguf(folder, path)
    assert answer("parity", path).verdict is Verdict.PASS
    found = answer("layout", path)
    assert found.verdict is Verdict.FAIL
    assert "all layers: rows of q_proj and k_proj were separated twice" in " ".join(found.notes[:3])


@pytest.mark.parametrize("text", ["xxx9,x,x", "\ns\ns\ns\ns", "", "0 0 0 0", "gtieeeeee ses. raed"])
def test_texts_of_models_that_know_nothing_have_no_known_words(text: str) -> None:
    known, _ = known_letters(text)
    assert known == 0


def test_words_are_known_however_they_are_joined() -> None:
    assert known_letters("self.read_line(keyValue) qzx") == (20, 23)


def noise(folder: Path) -> None:
    """Numbers of the right size that mean nothing."""
    chance = np.random.default_rng(1)
    found = {name: array.copy() for name, array in tensors(folder).items()}
    for array in found.values():
        chance.shuffle(array.reshape(-1))
    put(folder, **found)


def repeating(folder: Path) -> None:
    """A head that always says the same few tokens: the other rows are almost silent."""
    found = tensors(folder)
    rows = found["model.embed_tokens.weight"] * 0.01
    rows[[83, 13]] = found["model.embed_tokens.weight"][[83, 13]] * 3
    put(folder, **{"lm_head.weight": rows})
    edit_config(folder, tie_word_embeddings=False)


@pytest.mark.parametrize("damage", [noise, repeating])
def test_writing_that_nobody_would_read_fails(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    found = answer("golden", damaged(tmp_path, damage))
    failing = {figure["name"] for figure in found.figures if figure["holds"] is False}
    assert (found.verdict, found.executed) == (Verdict.FAIL, True)
    assert {"better_than_counting"} < failing
    assert "after 'def parse_header(line'" in " ".join((found.detail, *found.notes))


def test_golden_texts_are_compared(tmp_path: Path) -> None:
    kept = answer("golden", trained()).records
    golden = tmp_path / "golden.json"
    golden.write_text(json.dumps(kept))
    found = answer("golden", trained(), golden=golden)
    assert (found.verdict, figure(found, "golden_texts")) == (Verdict.PASS, 8)

    turned = damaged(tmp_path, lambda folder: edit_config(folder, rope_theta=100.0, rope_parameters=None))
    found = answer("golden", turned, golden=golden)
    assert found.verdict is Verdict.FAIL
    assert figure(found, "differing_from_golden") > 0
    assert "differs: " in " ".join(found.notes)


def test_a_wrong_rotation_base_is_found_without_a_stored_text(tmp_path: Path) -> None:
    turned = damaged(tmp_path, lambda folder: edit_config(folder, rope_theta=1000.0, rope_parameters=None))
    found = answer("golden", turned)
    assert found.verdict is Verdict.FAIL
    assert figure(found, "likelier_rotation_bases") > 0
    assert found.detail.startswith("with the rotation base 10000 a text takes -")


@pytest.mark.parametrize("text", ["", "{}", '{"format": "specship-golden/1", "steps": 0, "texts": []}'])
def test_a_file_that_holds_no_golden_texts_is_said_so(tmp_path: Path, text: str) -> None:
    golden = tmp_path / "golden.json"
    golden.write_text(text)
    found = answer("golden", trained(), golden=golden)
    assert (found.verdict, found.executed) == (Verdict.FAIL, False)
    assert "golden" in found.detail


def in_pairs(folder: Path) -> None:
    """What an exporter does to queries and keys, left in the checkpoint."""
    weights = tensors(folder)
    rows = {name: weights[name] for name in weights if "q_proj" in name or "k_proj" in name}
    put(folder, **{name: interleave_rows(array, 4) for name, array in rows.items()})


def test_a_sound_layout_is_told_from_every_other() -> None:
    found = answer("layout", trained())
    assert (found.verdict, found.executed, found.detail) == (Verdict.PASS, True, "")
    assert figure(found, "kinds") == 15
    assert figure(found, "told") == figure(found, "hypotheses") == 45
    assert tensors(trained())[O1].shape == (HIDDEN, HIDDEN)


LAYOUTS: Final[dict[str, tuple[Callable[[Path], None], str]]] = {
    "one square matrix transposed": (
        changed(O1, lambda array: array.T),
        "layer 1: self_attn.o_proj is transposed",
    ),
    "rows in pairs": (in_pairs, "all layers: rows of q_proj and k_proj stand in pairs"),
}


@pytest.mark.parametrize("damage", LAYOUTS)
def test_a_wrong_layout_is_found_and_named(tmp_path: Path, damage: str) -> None:
    inflict, words = LAYOUTS[damage]
    found = answer("layout", damaged(tmp_path, inflict))
    assert (found.verdict, found.executed) == (Verdict.FAIL, True)
    assert words in " ".join((found.detail, *found.notes[:3]))


def test_a_model_that_cannot_tell_does_not_pass(tmp_path: Path) -> None:
    found = answer("layout", damaged(tmp_path, noise))
    assert (found.verdict, found.executed) == (Verdict.FAIL, True)
    assert found.detail.startswith("cannot tell: the text takes")


def test_both_runners_agree_and_records_of_other_bytes_are_refused() -> None:
    found = answer("parity", exported())
    assert (found.verdict, found.executed, found.detail) == (Verdict.PASS, True, "")
    assert (figure(found, "runner"), figure(found, "shortest"), figure(found, "steps")) == (
        "llama.cpp",
        24,
        192,
    )

    again = answer("parity", exported(), recorded=dict(found.records))
    assert (again.verdict, again.figures) == (Verdict.PASS, found.figures)

    other = answer("parity", exported("F16"), recorded=dict(found.records))
    assert (other.verdict, other.executed) == (Verdict.FAIL, False)
    assert "about other weights" in other.detail


def test_a_runner_that_goes_on_differently_fails() -> None:
    record = json.loads(json.dumps(answer("parity", exported()).records))
    record["prompts"][2]["steps"][5]["token"] += 1
    found = answer("parity", exported(), recorded=record)
    assert (found.verdict, found.executed) == (Verdict.FAIL, True)
    assert "llama.cpp goes on differently after '    for name, value in'" in found.detail
    for step in record["prompts"][0]["steps"]:
        step["logprobs"] = {token: value - 0.01 for token, value in step["logprobs"].items()}
    assert figure(answer("parity", exported(), recorded=record), "max_abs_logprob") > 0.009
