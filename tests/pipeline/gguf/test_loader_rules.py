"""llama.cpp's loader, rule by rule: what it refuses is refused here, and what it computes is computed here.

Each file breaks one rule, and the real llama.cpp is asked about the very same files. Stricter than it we may
be; what it refuses must never give a figure, and a key that it obeys must never be passed over.
"""

import copy
import functools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch

from specship.cli import main
from specship.errors import UnusableInput
from specship.pipeline.gguf.model import open_gguf
from specship.pipeline.gguf.other_kinds import refuse_other_kinds
from specship.pipeline.inference.decoder import Decoder
from tests.llama_cpp_verdicts import PROMPT, llama_cpp_verdicts
from tests.models.gguf_parts import Parts, Stored
from tests.models.inference_chain import made
from tests.models.once import base

Change = Callable[[Parts], object]
T: Final = "tokenizer.ggml."
L: Final = "llama."
UINT16, UINT32, INT32, FLOAT32, BOOL, ARRAY, UINT64, FLOAT64 = 2, 4, 5, 6, 7, 9, 10, 12
ROWS: Final = 512


def without(key: str) -> Change:
    return lambda parts: parts.keys.pop(key)


def lacking(tensor: str) -> Change:
    return lambda parts: parts.tensors.pop(tensor)


def keys(**values: tuple[Any, ...]) -> Change:
    """Keys with their types and values; a double underscore stands for a dot."""
    return lambda parts: parts.keys.update({name.replace("__", "."): one for name, one in values.items()})


def number(key: str, value: int, kind: int = UINT32) -> Change:
    return lambda parts: parts.number(key, value, kind)


def decimal(key: str, value: float, kind: int = FLOAT32) -> Change:
    return lambda parts: parts.keys.update({key: (kind, value)})


def text(key: str, value: str | bytes) -> Change:
    return lambda parts: parts.text(key, value)


def listed(key: str, change: Callable[[list[Any]], list[Any]]) -> Change:
    """A list of the file, changed; its type stays."""

    def how(parts: Parts) -> None:
        *kinds, values = parts.keys[key]
        parts.keys[key] = (*kinds, change(values))

    return how


def all_of(*changes: Change) -> Change:
    return lambda parts: [change(parts) for change in changes]


def tensor(name: str, change: Callable[[Stored], object]) -> Change:
    return lambda parts: change(parts.tensors[name])


def added(name: str, *sizes: int, value: float = 1.5) -> Change:
    data = np.full(math.prod(sizes), value, "<f4").tobytes()
    return lambda parts: parts.tensors.update({name: Stored(list(sizes), 0, data)})


def halved(stored: Stored) -> None:
    stored.type, stored.data = 1, np.frombuffer(stored.data, "<f4").astype("<f2").tobytes()


def adapter(parts: Parts) -> None:
    for name in [name for name in parts.keys if name.startswith((L, "tokenizer."))]:
        del parts.keys[name]
    parts.text("general.type", "adapter")
    parts.text("adapter.type", "lora")
    parts.tensors = {"blk.0.attn_q.weight.lora_a": Stored([64, 4], 0, bytes(1024))}


def other_bytes(order: str) -> Change:
    return lambda parts: setattr(parts, "order", order)


def version(value: int) -> Change:
    return lambda parts: setattr(parts, "version", value)


SPLIT: Final = {"split__tensors__count": (INT32, 20)}
RULES: Final[dict[str, tuple[Change, str]]] = {
    # gguf.cpp: the header
    "the other byte order": (other_bytes(">"), "big-endian"),
    "version 1": (version(1), "version 1"),
    "version 4": (version(4), "version 4"),
    "alignment 24": (number("general.alignment", 24), "alignment of 24"),
    "alignment in 64 bits": (number("general.alignment", 32, UINT64), "value type 10"),
    # llama-model-loader.cpp: what kind of file, and its parts
    "no architecture": (without("general.architecture"), "there is no general.architecture"),
    "another architecture": (text("general.architecture", "foo"), "'foo'"),
    "an architecture whose sizes are missing": (text("general.architecture", "qwen2"), "there is no qwen2"),
    "an architecture that is a number": (number("general.architecture", 3), "value type 4"),
    "the eyes of a model": (text("general.architecture", "clip"), "sees or hears"),
    "an adapter": (adapter, "an adapter"),
    "an importance matrix": (
        all_of(text("general.type", "imatrix"), without("general.architecture")),
        "an importance matrix",
    ),
    "a vocabulary alone": (lambda parts: parts.tensors.clear(), "a vocabulary"),
    "the second of two parts": (
        keys(split__no=(UINT16, 1), split__count=(UINT16, 2), **SPLIT),
        "part 2 of 2",
    ),
    "the first of two parts, alone": (
        keys(split__no=(UINT16, 0), split__count=(UINT16, 2), **SPLIT),
        "part 1 of 2",
    ),
    "a count of parts in 32 bits": (keys(split__count=(UINT32, 1)), "value type 4"),
    # llama-model.cpp: sizes and constants
    **{
        f"no {key}": (without(L + key), f"there is no {L}{key}")
        for key in (
            "context_length",
            "embedding_length",
            "block_count",
            "feed_forward_length",
            "attention.head_count",
            "attention.layer_norm_rms_epsilon",
        )
    },
    **{
        f"{key} in 64 bits": (number(L + key, 64, UINT64), "value type 10")
        for key in (
            "context_length",
            "embedding_length",
            "block_count",
            "feed_forward_length",
            "attention.head_count",
            "attention.head_count_kv",
            "rope.dimension_count",
            "expert_count",
        )
    },
    "an epsilon in 64 bits": (
        decimal(L + "attention.layer_norm_rms_epsilon", 1e-5, FLOAT64),
        "value type 12",
    ),
    "an epsilon that is no number": (decimal(L + "attention.layer_norm_rms_epsilon", math.nan), "nan"),
    "a factor that is a whole number": (number(L + "rope.scaling.factor", 2), "value type 4"),
    "no context": (number(L + "context_length", 0), "context_length is 0"),
    "no layers": (number(L + "block_count", 0), "block_count is 0"),
    "fewer layers than there are": (number(L + "block_count", 1), "not of this architecture"),
    "more layers than there are": (number(L + "block_count", 3), "blk.2"),
    "no hidden size": (number(L + "embedding_length", 0), "embedding_length is 0"),
    "another hidden size": (number(L + "embedding_length", 128), "the metadata say"),
    "another inner size": (number(L + "feed_forward_length", 100), "the metadata say"),
    "no heads": (number(L + "attention.head_count", 0), "head_count is 0"),
    "more heads than there are": (number(L + "attention.head_count", 8), "the metadata say"),
    "heads that no group fits": (number(L + "attention.head_count_kv", 3), "do not fit"),
    "more groups than there are": (number(L + "attention.head_count_kv", 4), "the metadata say"),
    "another head size": (number(L + "attention.key_length", 8), "follows from the rest"),
    "other sizes of values": (number(L + "attention.value_length", 8), "follows from the rest"),
    "another part of a head turned": (number(L + "rope.dimension_count", 8), "follows from the rest"),
    "an unknown scaling": (text(L + "rope.scaling.type", "foo"), "'foo'"),
    "experts": (number(L + "expert_count", 8), "a mixture of experts"),
    "experts that are used": (number(L + "expert_used_count", 2), "a mixture of experts"),
    "layers that guess ahead": (number(L + "nextn_predict_layers", 2), "several tokens at once"),
    # llama-vocab.cpp: the tokenizer
    "no kind of tokenizer": (without(T + "model"), "there is no tokenizer.ggml.model"),
    "an unknown kind": (text(T + "model", "foo"), "'foo'"),
    "a model without a tokenizer": (text(T + "model", "none"), "'none'"),
    "an unknown pre-tokenizer": (text(T + "pre", "foo"), "'foo'"),
    "no tokens": (without(T + "tokens"), "there is no token in it"),
    "no merges": (without(T + "merges"), "there is no tokenizer.ggml.merges"),
    "tokens that are numbers": (keys(tokenizer__ggml__tokens=(ARRAY, INT32, [1] * ROWS)), "value type"),
    "merges that are numbers": (keys(tokenizer__ggml__merges=(ARRAY, INT32, [1])), "value type"),
    "fewer tokens than rows": (
        all_of(
            listed(T + "tokens", lambda all_: all_[:-1]), listed(T + "token_type", lambda all_: all_[:-1])
        ),
        "511 tokens are listed, and the embedding has 512 rows",
    ),
    "more tokens than rows": (
        all_of(
            listed(T + "tokens", lambda all_: [*all_, "one more"]),
            listed(T + "token_type", lambda all_: [*all_, 1]),
        ),
        "513 tokens are listed, and the embedding has 512 rows",
    ),
    "a token twice": (listed(T + "tokens", lambda all_: [*all_[:-1], all_[300]]), "in the list twice"),
    "fewer types than tokens": (listed(T + "token_type", lambda all_: all_[:9]), "512 tokens, 9 types"),
    "types without a sign": (
        lambda parts: parts.keys.update(
            {T + "token_type": (ARRAY, UINT32, parts.keys[T + "token_type"][-1])}
        ),
        "value type",
    ),
    "fewer scores than tokens": (
        keys(tokenizer__ggml__scores=(ARRAY, FLOAT32, [0.0] * 3)),
        "512 tokens, 512 types and 3 scores",
    ),
    "scores of one byte": (keys(tokenizer__ggml__scores=(ARRAY, 0, [0] * ROWS)), "value type"),
    "an id with a sign": (number(T + "bos_token_id", 0, INT32), "value type 5"),
    "a begin that is a number": (number(T + "add_bos_token", 1), "value type 4"),
    # llama-model-loader.cpp: tensors
    **{
        f"no {name}": (lacking(name), name)
        for name in (
            "token_embd.weight",
            "output_norm.weight",
            "blk.0.attn_norm.weight",
            "blk.1.ffn_down.weight",
        )
    },
    "a tensor too many": (added("blk.0.attn_norm.bias", 64), "not of this architecture"),
    "another shape": (
        tensor("blk.0.attn_norm.weight", lambda one: setattr(one, "sizes", [32, 2])),
        "has shape",
    ),
    "a matrix without rows": (
        tensor("blk.0.attn_q.weight", lambda one: setattr(one, "sizes", [4096])),
        "has shape [4096]",
    ),
    "a vector of half precision": (tensor("blk.0.attn_norm.weight", halved), "is stored as F16"),
    "a matrix of whole numbers": (
        tensor("blk.0.attn_q.weight", lambda one: setattr(one, "type", 26)),
        "type 26",
    ),
    "too few factors of rotation": (added("rope_freqs.weight", 4), "no list of 8 factors"),
}
"""Files that llama.cpp refuses, or ends at, and what is said here."""

COMPUTED: Final[dict[str, Change]] = {
    "as it is": all_of(),
    "no kv heads, head size or base": all_of(
        number(L + "attention.head_count_kv", 2),
        without(L + "attention.key_length"),
        without(L + "rope.freq_base"),
    ),
    "one part of one": keys(
        split__no=(UINT16, 0), split__count=(UINT16, 1), split__tensors__count=(INT32, 20)
    ),
    "a name in another alphabet": text("general.name", b"caf\xe9"),
    "no merges at all": listed(T + "merges", lambda _: []),
    "the first merges alone": listed(T + "merges", lambda all_: all_[:20]),
    "scaled": all_of(text(L + "rope.scaling.type", "linear"), decimal(L + "rope.scaling.factor", 4.0)),
    "scaled, without the rule": decimal(L + "rope.scaling.factor", 4.0),
    "scaled, under the older name": decimal(L + "rope.scale_linear", 4.0),
    "scaled by nothing": decimal(L + "rope.scaling.factor", 0.0),
    "not scaled, whatever the factor": all_of(
        text(L + "rope.scaling.type", "none"), decimal(L + "rope.scaling.factor", 4.0)
    ),
    "lengthened": decimal(L + "rope.scaling.attn_factor", 4.0),
    "factors of rotation": added("rope_freqs.weight", 8),
    "sees ahead": keys(llama__attention__causal=(BOOL, False)),
    "sees no text ahead": keys(llama__attention__causal=(BOOL, True)),
    "keys of other architectures": all_of(
        *(
            decimal(L + key, 4.0)
            for key in ("logit_scale", "residual_scale", "embedding_scale", "attention.scale")
        ),
        number(L + "attention.sliding_window", 2),
    ),
}
"""Files that llama.cpp computes with; we do as it does, or refuse."""


@functools.cache
def sound() -> Parts:
    return Parts.of(made("gguf") / "model.gguf")


@functools.cache
def asked() -> dict[str, tuple[Path, list[float] | None]]:
    """Every file, and llama.cpp's answer about it; all of them in one process."""
    folder = base() / "loader-rules"
    folder.mkdir(exist_ok=True)
    paths = {}
    for at, (name, change) in enumerate(({name: one for name, (one, _) in RULES.items()} | COMPUTED).items()):
        parts = copy.deepcopy(sound())
        change(parts)
        paths[name] = parts.write(folder / f"{at}.gguf")
    answers = llama_cpp_verdicts(list(paths.values()))
    return {name: (path, answers[path]) for name, path in paths.items()}


def test_what_llama_cpp_refuses_is_refused_with_a_mend() -> None:
    for name, (_, words) in RULES.items():
        path, theirs = asked()[name]
        assert theirs is None, f"llama.cpp opens {name}"
        with pytest.raises(UnusableInput, match=re.escape(words)) as caught:
            open_gguf(path).tokenizer()
        assert caught.value.mend, name


def test_what_llama_cpp_computes_is_computed_or_refused() -> None:
    refused = set()
    for name in COMPUTED:
        path, theirs = asked()[name]
        assert theirs is not None, name
        try:
            opened = open_gguf(path)
            opened.tokenizer()
        except UnusableInput:
            refused.add(name)
            continue
        logits_V = Decoder(opened).logits(PROMPT)[-1]  # noqa: N806 - axes
        ours = torch.log_softmax(logits_V, dim=-1).topk(3).values
        assert ours.tolist() == pytest.approx(theirs, abs=1e-4), name
    assert refused == {"lengthened", "sees ahead", "no merges at all", "the first merges alone"}


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("my model-00002-of-00002.gguf", "--merge 'my model-00001-of-00002.gguf' 'my model-whole.gguf'"),
        ("b.gguf", "give every part the name it was made with (NAME-00001-of-...), and put"),
        ("b.gguf", "--merge NAME-00001-of-00002.gguf b-whole.gguf"),
    ],
)
def test_the_mend_of_a_part_is_a_command_for_a_shell(name: str, mend: str) -> None:
    with pytest.raises(UnusableInput) as caught:
        refuse_other_kinds({"split.no": 1, "split.count": 2}, 3, Path(name))
    assert mend in str(caught.value.mend)


def test_a_command_ends_with_the_reason_and_the_quality_gates_fail_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words, mend in (
        ("no merges", "there is no tokenizer.ggml.merges", "export the checkpoint again"),
        ("no merges at all", "no merge gives", "export the checkpoint again"),
        ("the second of two parts", "part 2 of 2", "llama-gguf-split --merge"),
        ("the other byte order", "big-endian", "gguf-convert-endian"),
    ):
        path, _ = asked()[name]
        (tmp_path / "text.txt").write_text("def read(self):\n    return self\n")
        for command in (
            ["run", str(path), "x"],
            ["eval", "bits-per-byte", str(path), "--text", str(tmp_path / "text.txt")],
        ):
            assert main(command) == 2
            error = capsys.readouterr().err
            assert words in error
            assert mend in error
        assert main(["qa", str(path), "--format", "json"]) == 1
        report = capsys.readouterr().out
        assert report.count(words) >= 4
