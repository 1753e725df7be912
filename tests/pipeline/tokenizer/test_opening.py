"""What a foreign `tokenizer.json` may decide and what not, held against `transformers` on the same file."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from specship.cli import main
from specship.errors import DamagedArtifact, NeverFetched, UnusableInput
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.inference.open_model import open_model
from specship.pipeline.tokenizer.opening import open_for_documents, open_tokenizer
from tests.editing import copy_of, edit_json
from tests.models.inference_chain import checkpoint
from tests.places import SOURCE

TEXT: Final = "def read(self, name):\n    return self.items.get(name, None)\n"
ROWS: Final = 512
Change = Callable[[dict[str, Any]], object]


def truncation(**changes: Any) -> Change:
    settings = {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0}
    return lambda document: document.update(truncation=settings | changes)


def padding(strategy: Any, **changes: Any) -> Change:
    settings = {
        "strategy": strategy,
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "<|endoftext|>",
    }
    return lambda document: document.update(padding=settings | changes)


SETTINGS: Final = {
    "cut at the end": truncation(),
    "cut at the beginning": truncation(direction="Left", stride=2),
    "cut the second of two": truncation(strategy="OnlySecond"),
    "filled to a length": padding({"Fixed": 128}),
    "filled in front": padding({"Fixed": 128}, direction="Left"),
    "filled to a multiple": padding("BatchLongest", pad_to_multiple_of=64),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound checkpoint that can be changed."""
    return copy_of(checkpoint(), tmp_path / "model")


def change(folder: Path, how: Change) -> Path:
    edit_json(folder / "tokenizer.json", how)
    return folder


def theirs(folder: Path) -> list[int]:
    """The tokens that transformers makes of the text."""
    from transformers import PreTrainedTokenizerFast

    opened: Any = PreTrainedTokenizerFast
    return list(opened(tokenizer_file=str(folder / "tokenizer.json")).encode(TEXT))


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_whoever_saved_the_file_are_not_obeyed(folder: Path, name: str) -> None:
    change(folder, SETTINGS[name])
    for opened in (open_tokenizer(folder), open_for_documents(folder), open_model(folder).tokenizer()):
        assert opened.encode(TEXT).ids == theirs(folder)
        assert [one.ids for one in opened.encode_batch(["a", TEXT])][1] == theirs(folder)


def test_a_stride_that_ends_the_library_is_not_obeyed(folder: Path) -> None:
    """Where transformers refuses to cut, the library ends with a panic, which is no exception of Python."""
    whole = theirs(folder)
    assert open_tokenizer(change(folder, truncation(stride=20))).encode(TEXT).ids == whole


def test_figures_and_texts_are_those_of_the_whole_text(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text(TEXT)
    commands = (
        ["eval", "bits-per-byte", str(folder), "--text", str(tmp_path / "text.txt"), "--format", "json"],
        ["run", str(folder), TEXT, "--tokens", "4"],
    )

    def said() -> list[str]:
        assert [main(command) for command in commands] == [0, 0]
        return capsys.readouterr().out.splitlines()

    tokens = [line for line in said() if "weights" not in line]
    for how in (truncation(), padding({"Fixed": 100}, direction="Left")):
        change(folder, how)
        assert [line for line in said() if "weights" not in line] == tokens


def one_id_for_two(document: dict[str, Any]) -> None:
    vocabulary = document["model"]["vocab"]
    last, before = sorted(vocabulary, key=vocabulary.get)[:-3:-1]
    vocabulary[last] = vocabulary[before]


def added(number: int) -> Change:
    return lambda document: document["added_tokens"].append(
        document["added_tokens"][0] | {"content": "<more>", "id": number}
    )


REFUSED: Final[dict[str, tuple[Change, str]]] = {
    "merges left out at random": (lambda t: t["model"].update(dropout=0.1), "at random"),
    "one id for two tokens": (one_id_for_two, "two tokens share an id"),
    "no merges": (lambda t: t["model"].pop("merges"), "Missing vocab/merges"),
    "no vocabulary": (lambda t: t["model"].pop("vocab"), "Missing vocab/merges"),
    "a merge of no tokens": (lambda t: t["model"]["merges"].append(["zzz", "qqq"]), "out of vocabulary"),
    "an unknown key": (lambda t: t.update(encode_special_tokens=True), "not a tokenizer"),
    "an unknown version": (lambda t: t.update(version="2.0"), "version"),
    "an unknown kind": (lambda t: t["model"].update(type="Foo"), "not a tokenizer"),
    "an added token without an id": (lambda t: t["added_tokens"][0].pop("id"), "id"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_verb_can_use_does_not_fit(folder: Path, name: str) -> None:
    """What `import checkpoint` calls fitting opens everywhere: both say no to the same files."""
    how, said = REFUSED[name]
    assert not account(folder).misfits
    change(folder, how)
    (misfit,) = account(folder).misfits
    assert misfit.kind == "tokenizer"
    assert said in misfit.message
    assert misfit.mend
    with pytest.raises(UnusableInput):
        open_model(folder).tokenizer()


@pytest.mark.parametrize("number", [0, 499, 501, 511])
def test_an_added_token_under_another_id_than_readers_give_it(folder: Path, number: int) -> None:
    """The library and transformers number it themselves; an export went by the file."""
    from transformers import PreTrainedTokenizerFast

    change(folder, added(number))
    opened: Any = PreTrainedTokenizerFast
    live = opened(tokenizer_file=str(folder / "tokenizer.json"))
    assert live.convert_tokens_to_ids("<more>") == 500
    (misfit,) = account(folder).misfits
    assert f"says id {number}, and readers give it 500" in misfit.message
    with pytest.raises(DamagedArtifact):
        open_model(folder)
    edit_json(folder / "tokenizer.json", lambda t: t["added_tokens"][-1].update(id=500))
    assert not account(folder).misfits


def test_a_file_without_the_kind_of_its_model_is_read_as_the_library_reads_it(folder: Path) -> None:
    before, whole = read_vocabulary(folder, ROWS), theirs(folder)
    change(folder, lambda document: document["model"].pop("type"))
    assert not account(folder).misfits
    assert open_model(folder).tokenizer().encode(TEXT).ids == theirs(folder) == whole
    assert read_vocabulary(folder, ROWS) == before


def test_a_pointer_of_git_lfs_is_called_that(folder: Path) -> None:
    (folder / "tokenizer.json").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 9085657\n"
    )
    for reads in (account, open_tokenizer):
        with pytest.raises(NeverFetched, match="a Git LFS pointer"):
            reads(folder)


def slow(folder: Path) -> Path:
    """The same tokenizer in the files that came before `tokenizer.json`."""
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = "".join(" ".join(pair) + "\n" for pair in model["merges"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + merges)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>"})
    )
    (folder / "tokenizer.json").unlink()
    return folder


def test_files_of_before_are_named_with_what_writes_the_one(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mend is carried out: what transformers then writes gives the tokens of before."""
    whole = theirs(folder)
    slow(folder)
    (tmp_path / "text.txt").write_text(TEXT)
    for command in (
        ["run", str(folder), "x"],
        ["export", str(folder), str(tmp_path / "model.gguf")],
        ["eval", "bits-per-byte", str(folder), "--text", str(tmp_path / "text.txt")],
    ):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert "there is no tokenizer.json, only vocab.json and merges.txt" in said
        mend = said.split("mend: ", 1)[1]
    assert main(["import", "checkpoint", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "only vocab.json and merges.txt" in said
    code = mend.split(": ", 1)[1].strip()
    assert code in said
    exec(code)  # noqa: S102 - it is our own advice that is tried out
    assert open_tokenizer(folder).encode(TEXT).ids == whole


ELSEWHERE: Final = {
    "pipeline/comparison/sides.py": "live transformers, whose own tokens are compared",
    "pipeline/publication/foreign_checkpoint.py": "the stage that makes a foreign checkpoint as others do",
    "pipeline/model/transformers_child.py": "whether transformers opens a checkpoint, in its own process",
    "probes/tokenizer_special_tokens.py": "what transformers calls special",
}
"""Modules that open a tokenizer by `transformers`, because its answer is the question."""


def openings(path: Path) -> set[str]:
    """The ways in which a module opens a tokenizer by the library itself, or by transformers."""
    found, text = set(), path.read_text()
    for node in ast.walk(ast.parse(text)) if "okenizer" in text else ():
        if isinstance(node, ast.Attribute) and node.attr in {"from_str", "from_file", "from_buffer"}:
            found.add("library")
        if isinstance(node, ast.alias) and node.name.startswith(("AutoTokenizer", "PreTrainedTokenizerFast")):
            found.add("transformers")
        if isinstance(node, ast.Attribute) and node.attr == "from_pretrained":
            found |= (
                {"library"} if isinstance(node.value, ast.Name) and node.value.id == "Tokenizer" else set()
            )
    return found


def test_there_is_one_opener(tmp_path: Path) -> None:
    opened = {path.relative_to(SOURCE).as_posix(): openings(path) for path in SOURCE.rglob("*.py")}
    assert {name for name, ways in opened.items() if "library" in ways} == {"pipeline/tokenizer/opening.py"}
    assert {name for name, ways in opened.items() if "transformers" in ways} == ELSEWHERE.keys()
    (tmp_path / "other.py").write_text("from tokenizers import Tokenizer as T\nT.from_file('x')\n")
    assert openings(tmp_path / "other.py") == {"library"}


def test_a_vocabulary_whose_merges_are_gone_does_not_fit_and_one_that_needs_none_does(folder: Path) -> None:
    def emptied(document: dict[str, Any]) -> None:
        document["model"]["merges"] = []

    change(folder, emptied)
    [found] = account(folder).misfits
    assert (found.kind, found.message[:14]) == ("tokenizer", "no merge gives")
    symbols = {"a": 0, "b": 1, "<unk>": 2, "<0x0A>": 3}
    model = {"type": "BPE", "vocab": symbols, "merges": [], "unk_token": "<unk>"}
    (folder / "tokenizer.json").write_text(json.dumps({"model": model}))
    assert account(folder).misfits == ()
