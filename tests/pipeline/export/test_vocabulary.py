"""Vocabularies of GGUFs: llama.cpp cuts the same texts into the same tokens, or the tokenizer is refused."""

import json
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.export import writer
from specship.pipeline.export.byte_fallback_vocabulary import METASPACE_NOTE
from specship.pipeline.export.byte_level_vocabulary import NFC_NOTE
from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from specship.pipeline.tokenizer.check_texts import CHECK_TEXTS
from specship.pipeline.tokenizer.vocabulary import BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED, USER_DEFINED
from tests.editing import edit_json
from tests.models.tokenizer_kinds import (
    BYTE_LEVEL,
    LLAMA3_PATTERN,
    PLAIN,
    ROWS,
    SENTENCEPIECE,
    SPECIAL,
    SPELLED,
    byte_fallback_checkpoint,
    byte_level_checkpoint,
    sentencepiece_checkpoint,
    split,
    steps,
)
from tests.processes import specship

SPELLING = tuple(
    text.format(*pair) for pair in ((SPECIAL[0], PLAIN[0]), (SPECIAL[2], PLAIN[1])) for text in SPELLED
)
Encode = Callable[[str], Sequence[int]]


def differing(
    folder: Path, texts: Sequence[str], encode: Encode, output: Path, *, add_special: bool = False
) -> list[str]:
    """Texts that llama.cpp cuts otherwise from the folder's export."""
    export_gguf(folder, output)
    request = LlamaCppRequest(
        gguf=str(output), texts=tuple(texts), parse_special=True, add_special=add_special
    )
    answer = ask_llama_cpp(request)
    return [
        text for text, ids in zip(texts, answer.tokenized, strict=True) if list(ids) != list(encode(text))
    ]


def test_the_check_texts_are_what_they_claim() -> None:
    assert [text for text in CHECK_TEXTS if unicodedata.normalize("NFC", text) != text] == []
    assert len(set(CHECK_TEXTS)) == len(CHECK_TEXTS) >= 30


@pytest.mark.parametrize("kind", BYTE_LEVEL)
def test_byte_level_tokens_are_llama_cpps(tmp_path: Path, kind: str) -> None:
    folder = byte_level_checkpoint(kind)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    vocabulary = read_vocabulary(folder, ROWS)
    assert (vocabulary.model, vocabulary.pre) == ("gpt2", kind)
    assert vocabulary.add_bos is (kind == "llama-bpe")
    assert (NFC_NOTE in vocabulary.notes) is kind.startswith("qwen")

    texts = (*CHECK_TEXTS, *SPELLING)
    assert (
        differing(
            folder, texts, lambda text: tokenizer.encode(text).ids, tmp_path / "m.gguf", add_special=True
        )
        == []
    )


@pytest.mark.parametrize(("kind", "other"), [("qwen2", "gpt-2"), ("llama-bpe", "qwen2"), ("gpt-2", "smollm")])
def test_anothers_name_would_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, other: str
) -> None:
    """The check texts tell the names apart: under another one, llama.cpp cuts some of them otherwise."""
    from dataclasses import replace

    folder = byte_level_checkpoint(kind)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    monkeypatch.setattr(
        writer, "read_vocabulary", lambda path, rows: replace(read_vocabulary(path, rows), pre=other)
    )
    encode: Encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids  # noqa: E731
    assert differing(folder, CHECK_TEXTS, encode, tmp_path / "m.gguf")


def test_decomposed_characters_are_what_the_note_says(tmp_path: Path) -> None:
    folder = byte_level_checkpoint("qwen2")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    text = "cafe\u0301"
    assert differing(folder, [text], lambda one: tokenizer.encode(one).ids, tmp_path / "m.gguf") == [text]
    composed = unicodedata.normalize("NFC", text)
    assert differing(folder, [composed], lambda one: tokenizer.encode(one).ids, tmp_path / "m.gguf") == []


def test_the_notes_are_said(tmp_path: Path) -> None:
    """What llama.cpp will cut otherwise stands on standard error; a tokenizer that it reproduces says nothing."""
    for kind, expected in (("qwen2", [f"note: {NFC_NOTE}"]), ("gpt-2", [])):
        done = specship("export", str(byte_level_checkpoint(kind)), str(tmp_path / "m.gguf"))
        said = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
        assert (done.returncode, said) == (0, expected)


def test_types_and_padding() -> None:
    vocabulary = read_vocabulary(byte_level_checkpoint("qwen2"), ROWS)
    types = dict(zip(vocabulary.tokens, vocabulary.types, strict=True))
    assert [types[token] for token in SPECIAL] == [CONTROL] * 3  # the last is not special, but looks so
    assert [types[token] for token in PLAIN] == [USER_DEFINED] * 2
    assert types["Ġ"] == NORMAL
    assert (vocabulary.tokens[-1], vocabulary.types[-1]) == (f"[PAD{ROWS - 1}]", UNUSED)
    assert len(vocabulary.tokens) == ROWS
    assert dict(vocabulary.special_ids) == {"bos": 800, "eos": 801}
    with pytest.raises(UnusableInput, match="token id 804 has no row"):
        read_vocabulary(byte_level_checkpoint("qwen2"), 804)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A byte-level checkpoint that a test may change."""
    return Path(shutil.copytree(byte_level_checkpoint("llama-bpe"), tmp_path / "model"))


def change(folder: Path, **changes: Any) -> None:
    """Change the model inside `tokenizer.json`."""
    document = json.loads((folder / "tokenizer.json").read_text())
    edit_json(folder / "tokenizer.json", model=document["model"] | changes)


def test_merges_of_older_files_and_published_variants(folder: Path) -> None:
    expected = read_vocabulary(folder, ROWS)
    document = json.loads((folder / "tokenizer.json").read_text())
    change(folder, merges=[" ".join(pair) for pair in document["model"]["merges"]])
    inverted = split(LLAMA3_PATTERN) | {"behavior": "Removed", "invert": True}
    edit_json(folder / "tokenizer.json", pre_tokenizer=steps(inverted))
    assert read_vocabulary(folder, ROWS) == expected


PRE_TOKENIZERS = {
    "unknown pattern": (steps(split(r"\p{L}+|\s+")), r"it splits by '\\\\p\{L\}"),
    "another behaviour": (steps(split(LLAMA3_PATTERN) | {"behavior": "MergedWithNext"}), "it has a split"),
    "inverted": (steps(split(LLAMA3_PATTERN) | {"invert": True}), "it has a split"),
    "a text": (steps(split("") | {"pattern": {"String": " "}}), "it has a split"),
    "prefix space": (steps() | {"add_prefix_space": True}, "a space in front"),
    "another step": (steps({"type": "Punctuation", "behavior": "Isolated"}), "it has a step"),
    "no bytes": (split(LLAMA3_PATTERN), "does not end by writing text as bytes"),
    "nothing": (None, "does not end by writing text as bytes"),
    "merged": (steps(use_regex=True), "takes whole pieces that are tokens"),
    "unbuildable": (steps(split(LLAMA3_PATTERN), {"type": "Digits"}), "it has a step"),
}


@pytest.mark.parametrize("name", PRE_TOKENIZERS)
def test_an_unknown_pre_tokenizer_is_refused(folder: Path, name: str) -> None:
    described, message = PRE_TOKENIZERS[name]
    edit_json(folder / "tokenizer.json", pre_tokenizer=described)
    with pytest.raises(UnusableInput, match=message) as caught:
        read_vocabulary(folder, ROWS)
    assert "known are gpt-2, llama-bpe, smaug-bpe, qwen2" in str(caught.value)


def test_a_name_is_verified_by_behaviour(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a name's patterns written down wrong, its splitting of the check texts would show it."""
    from specship.pipeline.tokenizer import pre_tokenizers

    wrong = pre_tokenizers.Splitting((r"\p{N}+|\P{N}+",), True, True)
    right = pre_tokenizers.SPLITTINGS["llama-bpe"].patterns
    monkeypatch.setattr(pre_tokenizers, "SPLITTINGS", {"llama-bpe": wrong})
    monkeypatch.setattr(pre_tokenizers, "_same_in_llama_cpp", lambda _: wrong.patterns[0])
    assert wrong.patterns != right
    with pytest.raises(UnusableInput, match="has the patterns of 'llama-bpe', but splits"):
        read_vocabulary(folder, ROWS)


MODELS: dict[str, tuple[dict[str, Any], str]] = {
    "dropout": ({"dropout": 0.1}, "its dropout is '0.1'"),
    "prefix": ({"continuing_subword_prefix": "##"}, "its continuing_subword_prefix"),
    "no list": ({"merges": 3}, "the merges are no list"),
    "three": ({"merges": ["a b c"]}, "is not a merge"),
    "nowhere": ({"merges": ["Ġ ￿"]}, "does not merge to a token"),
    "no map": ({"vocab": []}, "not a map"),
    "far away": ({"vocab": {"a": 10**12}, "merges": []}, "token id 1000000000000 has no row"),
    "no texts": ({"merges": [["Ġ", 1]]}, "is not a merge"),
    "one text": ({"merges": ["Ġ"]}, "is not a merge"),
    "an object": ({"merges": [{"Ġ": 1, "t": 2}]}, "is not a merge"),
    "shared": ({"vocab": {"a": 0, "b": 0}, "merges": []}, "share an id"),
    "kind": ({"type": "WordPiece"}, "its model is WordPiece"),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_unlike_byte_level_bpe_is_refused(folder: Path, name: str) -> None:
    changes, message = MODELS[name]
    change(folder, **changes)
    with pytest.raises(UnusableInput, match=message):
        read_vocabulary(folder, ROWS)


def test_bytes_without_tokens(folder: Path) -> None:
    """Left out by both unless the tokenizer has something for the unknown."""
    document = json.loads((folder / "tokenizer.json").read_text())
    vocab = document["model"]["vocab"]
    merges = [pair for pair in document["model"]["merges"] if "Ā" not in "".join(pair)]
    change(
        folder, vocab={token: number for token, number in vocab.items() if "Ā" not in token}, merges=merges
    )
    assert any("1 bytes have no token" in note for note in read_vocabulary(folder, ROWS).notes)
    change(folder, vocab={t: n for t, n in vocab.items() if "Ā" not in t}, merges=merges, unk_token="Ġ")  # noqa: S106
    with pytest.raises(UnusableInput, match="1 bytes have no token and become"):
        read_vocabulary(folder, ROWS)


ADDED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no id": ([{"content": "x"}], "is no added token"),
    "negative": ([{"content": "x", "id": -1}], "is no added token"),
    "empty": ([{"content": "", "id": 900}], "is no added token"),
    "flag": ([{"content": "x", "id": 900, "special": 1}], "neither true nor false"),
    "twice": ([{"content": "x", "id": 900}, {"content": "y", "id": 900}], "share an id"),
    "contradiction": ([{"content": "other", "id": 0}], "names two tokens"),
    "same text": ([{"content": "one", "id": 900}, {"content": "one", "id": 901}], "in the vocabulary twice"),
    "placeholder": ([{"content": "[PAD950]", "id": 900}], "in the vocabulary twice"),
}


@pytest.mark.parametrize("name", ADDED)
def test_damaged_added_tokens_are_refused(folder: Path, name: str) -> None:
    """Above all what llama.cpp would end at: a text that stands in its list twice."""
    added, message = ADDED[name]
    edit_json(folder / "tokenizer.json", added_tokens=added, post_processor=None)
    with pytest.raises(DamagedArtifact, match=message):
        read_vocabulary(folder, ROWS)


def test_blanks_beside_an_added_token_are_noted(folder: Path) -> None:
    document = json.loads((folder / "tokenizer.json").read_text())
    document["added_tokens"][-1]["lstrip"] = True
    edit_json(folder / "tokenizer.json", added_tokens=document["added_tokens"])
    assert "1 added tokens swallow blanks beside them" in read_vocabulary(folder, ROWS).notes[-1]


def template(*parts: str) -> dict[str, Any]:
    """A post-processor of these special tokens, `$A` for the text."""
    single = [{"Sequence": {"id": "A"}} if p == "$A" else {"SpecialToken": {"id": p}} for p in parts]
    return {"type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": {}}


PROCESSORS: dict[str, tuple[dict[str, Any] | None, tuple[bool, bool]]] = {
    "begin": (template(SPECIAL[0], "$A"), (True, False)),
    "both": (template(SPECIAL[0], "$A", SPECIAL[1]), (True, True)),
    "end": (template("$A", SPECIAL[1]), (False, True)),
    "neither": (template("$A"), (False, False)),
    "bytes": ({"type": "ByteLevel"}, (False, False)),
    "sequence": (
        {"type": "Sequence", "processors": [{"type": "ByteLevel"}, template(SPECIAL[0], "$A")]},
        (True, False),
    ),
    "flags": (None, (True, False)),
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_tokens_around_a_text(folder: Path, name: str) -> None:
    processor, expected = PROCESSORS[name]
    edit_json(folder / "tokenizer.json", post_processor=processor)
    edit_json(folder / "tokenizer_config.json", add_bos_token=True, add_eos_token=False)
    vocabulary = read_vocabulary(folder, ROWS)
    assert (vocabulary.add_bos, vocabulary.add_eos) == expected


@pytest.mark.parametrize(
    "processor",
    [
        template(SPECIAL[1], "$A"),
        template("$A", SPECIAL[0]),
        template(SPECIAL[0], SPECIAL[0], "$A"),
        template("$A", "$A"),
        template(SPECIAL[0]),
        {"type": "RobertaProcessing"},
    ],
    ids=str,
)
def test_what_llama_cpp_cannot_put_around_a_text_is_refused(folder: Path, processor: dict[str, Any]) -> None:
    edit_json(folder / "tokenizer.json", post_processor=processor)
    with pytest.raises(UnusableInput, match="a post-processor"):
        read_vocabulary(folder, ROWS)


def test_special_ids_come_from_both_files(folder: Path) -> None:
    edit_json(folder / "config.json", eos_token_id=[5, 6], pad_token_id=7)
    edit_json(folder / "tokenizer_config.json", unk_token={"content": PLAIN[0]})
    ids = dict(read_vocabulary(folder, ROWS).special_ids)
    assert ids == {"bos": 800, "eos": 801, "unk": 803, "pad": 7}
    edit_json(folder / "tokenizer_config.json", eos_token=None)
    assert read_vocabulary(folder, ROWS).special_ids["eos"] == 5
    edit_json(folder / "config.json", pad_token_id=ROWS)
    with pytest.raises(DamagedArtifact, match=f"pad_token_id is {ROWS}"):
        read_vocabulary(folder, ROWS)


@pytest.mark.parametrize("kind", SENTENCEPIECE)
def test_sentencepiece_tokens_are_llama_cpps(tmp_path: Path, kind: str) -> None:
    import sentencepiece

    folder = sentencepiece_checkpoint(kind)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    vocabulary = read_vocabulary(folder, ROWS)
    count = theirs.vocab_size()
    assert vocabulary.model == ("t5" if kind.startswith("unigram") else "llama")
    assert list(vocabulary.tokens[:count]) == [theirs.id_to_piece(number) for number in range(count)]
    assert list(vocabulary.scores[:count]) == [theirs.get_score(number) for number in range(count)]
    assert vocabulary.types[:3] == (UNKNOWN, CONTROL, CONTROL)
    assert vocabulary.types.count(BYTE) == (256 if kind.startswith("bpe") else 0)
    assert (vocabulary.add_bos, vocabulary.add_eos, vocabulary.special_ids["unk"]) == (True, False, 0)
    # Of unigrams, a text of blanks alone and sums of scores that tie are the two that may differ.
    texts = [t for t in CHECK_TEXTS if not kind.startswith("unigram") or (t.strip() and "444" not in t)]
    assert differing(folder, texts, theirs.encode, tmp_path / "m.gguf") == []


def test_a_tokenizer_json_with_byte_fallback_is_its_sentencepiece_model(tmp_path: Path) -> None:
    folder = byte_fallback_checkpoint(tmp_path / "model")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    vocabulary = read_vocabulary(folder, ROWS)
    model = read_vocabulary(sentencepiece_checkpoint("bpe"), ROWS)
    assert vocabulary.tokens == model.tokens
    assert vocabulary.types[3:] == model.types[3:]
    assert (vocabulary.model, vocabulary.add_bos, vocabulary.add_space_prefix) == ("llama", True, True)
    texts = (*CHECK_TEXTS, "a <s> b", "<s></s>", "x</s>y")
    encode: Encode = lambda text: tokenizer.encode(text).ids  # noqa: E731
    assert differing(folder, texts, encode, tmp_path / "m.gguf", add_special=True) == []


def test_metaspace_is_what_its_note_says(tmp_path: Path) -> None:
    """Texts that begin with a blank are cut otherwise, and only they."""
    folder = byte_fallback_checkpoint(tmp_path / "model", metaspace="first")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert read_vocabulary(folder, ROWS).notes == (METASPACE_NOTE,)
    encode: Encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids  # noqa: E731
    found = differing(folder, CHECK_TEXTS, encode, tmp_path / "m.gguf")
    assert found == [text for text in CHECK_TEXTS if text.startswith(" ")]


UNLIKE: dict[str, tuple[dict[str, Any], str]] = {
    "splits": ({"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "split": True}, "normalizer": None},
               "it prepares text by"),
    "normalises": ({"normalizer": {"type": "NFKC"}}, "it prepares text by"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE)
def test_a_byte_fallback_tokenizer_unlike_sentencepiece_is_refused(tmp_path: Path, name: str) -> None:
    folder = byte_fallback_checkpoint(tmp_path / "model")
    changes, message = UNLIKE[name]
    edit_json(folder / "tokenizer.json", **changes)
    with pytest.raises(UnusableInput, match=message):
        read_vocabulary(folder, ROWS)


def test_merges_that_no_scores_can_order_are_refused(tmp_path: Path) -> None:
    folder = byte_fallback_checkpoint(tmp_path / "model")
    merges = json.loads((folder / "tokenizer.json").read_text())["model"]["merges"]
    change(folder, merges=merges[:-1])
    with pytest.raises(UnusableInput, match="it never merges"):
        read_vocabulary(folder, ROWS)
    several = next(at for at in range(9, len(merges)) if "".join(merges[at]) == "".join(merges[at - 1]))
    change(folder, merges=[merges[several], *merges[:several], *merges[several + 1 :]])
    with pytest.raises(UnusableInput, match="stand among each other"):
        read_vocabulary(folder, ROWS)
    vocab = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    change(folder, merges=merges, vocab={t: n for t, n in vocab.items() if t != "<0x0A>"})
    with pytest.raises(UnusableInput, match="tokens for 255 of 256"):
        read_vocabulary(folder, ROWS)


def test_files_beside_a_sentencepiece_model(tmp_path: Path) -> None:
    """Added tokens of three files; a `tokenizer.json` that contradicts the model."""
    folder = Path(shutil.copytree(sentencepiece_checkpoint("bpe"), tmp_path / "model"))
    (folder / "added_tokens.json").write_text(json.dumps({"<a>": 1000}))
    decoder = {
        "1002": {"content": "<|c|>"},
        "1003": {"content": "d▁e"},
        "2": {"content": "</s>", "special": True},
    }
    edit_json(folder / "tokenizer_config.json", added_tokens_decoder=decoder)
    vocabulary = read_vocabulary(folder, ROWS)
    listed = list(zip(vocabulary.tokens, vocabulary.types, vocabulary.scores, strict=True))
    assert listed[999:1005] == [
        ("[PAD999]", UNUSED, -10000.0),
        ("<a>", USER_DEFINED, -1000.0),
        ("[PAD1001]", UNUSED, -10000.0),
        ("<|c|>", CONTROL, -1000.0),
        ("d e", USER_DEFINED, -1000.0),
        ("[PAD1004]", UNUSED, -10000.0),
    ]
    assert listed[2][:2] == ("</s>", CONTROL)
    document = {"model": {"type": "BPE", "byte_fallback": True, "vocab": {"<unk>": 7}}}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(DamagedArtifact, match="two tokenizers"):
        read_vocabulary(folder, ROWS)


REFUSED_MODELS = {
    "no bytes": ({"model_type": "bpe", "normalization_rule_name": "identity", "remove_extra_whitespaces": False},
                 "no bytes to fall back to"),
    "squeezes": ({"model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity"}, "squeezes blanks"),
    "replaces": ({"model_type": "bpe", "byte_fallback": True, "remove_extra_whitespaces": False}, "replaces characters"),
    "words": ({"model_type": "word"}, "neither unigram"),
    "suffix": ({"model_type": "unigram", "treat_whitespace_as_suffix": True}, "blanks stand behind words"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_MODELS)
def test_a_sentencepiece_model_that_llama_cpp_cannot_reproduce_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    options, message = REFUSED_MODELS[name]
    monkeypatch.setitem(SENTENCEPIECE, name, options)
    with pytest.raises(UnusableInput, match=message):
        read_vocabulary(sentencepiece_checkpoint(name), ROWS)


def test_nothing_heavy_is_imported() -> None:
    import subprocess
    import sys

    folder = byte_level_checkpoint("qwen2")
    code = (
        "import sys\nfrom pathlib import Path\nfrom specship.pipeline.export.vocabulary import read_vocabulary\n"
        f"read_vocabulary(Path({str(folder)!r}), {ROWS})\n"
        "print({n.split('.')[0] for n in sys.modules} & {'torch', 'transformers', 'sentencepiece', 'jinja2', 'gguf'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
