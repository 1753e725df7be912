"""Both sides of every bound: its number is read, one more is refused.

Where a file at the bound would be large, the bound is lowered for the test, in the module that
reads it, after both were seen to be the same number.
"""

import gzip
import io
import json
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from specship import bounds, strict_json
from specship.contracts.building import record_faults
from specship.contracts.document import read_document
from specship.contracts.records import Contract
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, RequirementMissing, UnusableInput
from specship.evidence.ledger import append, read_ledger
from specship.evidence.repository import open_repository
from specship.evidence.signing import SigningKey
from specship.evidence.statement import seal
from specship.pipeline.chat.rendering import render
from specship.pipeline.chat.template import ChatTemplate, read_template
from specship.pipeline.checkpoint.folder import read_shape
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.pipeline.corpus import compressed
from specship.pipeline.corpus.settings import SourceSettings
from specship.pipeline.corpus.source_kind import kind_named
from specship.pipeline.corpus.sources import parquet
from specship.pipeline.evaluation import inference_records
from specship.pipeline.evaluation.inference_records import read_generations
from specship.pipeline.evaluation.results.archive import LogArchive
from specship.pipeline.evaluation.results.formats.inspect_ai import read as read_log
from specship.pipeline.evaluation.results.result_format import find_result
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.gguf.tokenizer import rebuilt_tokenizer
from specship.pipeline.run_logs.formats import plain_lines
from specship.pipeline.run_logs.formats.event_file import read_events
from specship.pipeline.run_logs.formats.lightning_csv import read_metrics
from specship.pipeline.run_logs.formats.mlflow_database import read_database
from specship.pipeline.run_logs.formats.plain_lines import read_plain_lines
from specship.pipeline.run_logs.receiving import copy_record, look
from specship.pipeline.tokenizer.files import read_object
from specship.pipeline.tokenizer.sentencepiece_model import read_sentencepiece
from specship.probes.declared import declared_in
from specship.review.trees import CommittedTree
from specship.strict_json import read_json, read_json_lines
from tests.diagnose.event_files import framed, padded_event
from tests.diagnose.foreign_logs import Run, mlflow_database
from tests.evidence.statements import evidence
from tests.hostile import sentencepiece_files
from tests.hostile.gguf_files import (
    ARCHITECTURE,
    BOOL,
    F32,
    STRING,
    U32,
    array,
    claims,
    file,
    key,
    number,
    tensor,
    text,
)
from tests.hostile.safetensors_files import one, stored
from tests.projects.histories import git

_PRIVATE: Final = Ed25519PrivateKey.generate()
KEY: Final = SigningKey(_PRIVATE, _PRIVATE.public_key().public_bytes_raw())
PUBLIC: Final = {name for name in vars(bounds) if name.isupper()}


class Edge(NamedTuple):
    """A bound, files just on each side of it, and who reads them."""

    bound: str
    file: Callable[[int], bytes]
    """From a number to a file that has so much of what is bounded."""
    read: Callable[[Path], Any]
    message: str
    lowered: int | None = None
    where: ModuleType = bounds
    """The module whose number is lowered."""
    beyond: int = 1
    """How far beyond the bound the refused file lies."""


def read_statement(path: Path) -> None:
    """Read a file as the ledger does: under the name that its bytes give it."""
    folder = path.parent / "ledger"
    folder.mkdir()
    (folder / f"{sha256_bytes(path.read_bytes())}.json").write_bytes(path.read_bytes())
    for error in read_ledger([folder], keys=frozenset()).damaged:
        raise error


def unpacked(path: Path) -> None:
    """Read a file through as the gzip file that it is."""
    packed = path.with_name("text.gz")
    packed.write_bytes(path.read_bytes())
    with compressed.open_text(packed) as stream:
        while stream.read(1 << 20):
            pass


def packed_so_often(times: int) -> bytes:
    """A gzip file that unpacks to so many times its size; a comment in its head makes it as long as that."""
    plain = bytes(bounds.UNPACKED_BYTES_ALWAYS + (1 << 20))
    head, rest = gzip.compress(plain, mtime=0)[:10], gzip.compress(plain, mtime=0)[10:]
    comment = b"x" * (len(plain) // times - len(head) - len(rest))
    return head[:3] + b"\x10" + head[4:] + comment + b"\0" + rest


def column_of(size: int) -> bytes:
    """A Parquet file whose one column takes so many bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def written(length: int) -> tuple[bytes, int]:
        stream = io.BytesIO()
        table = pa.table({"text": ["x" * length]})
        pq.write_table(table, stream, compression="none", use_dictionary=False, write_statistics=False)
        column = pq.ParquetFile(io.BytesIO(stream.getvalue())).metadata.row_group(0).column(0)
        return stream.getvalue(), int(column.total_uncompressed_size)

    data, taken = written(size - 100)
    data, again = written(size - 100 + size - taken)
    assert again == size
    return data


def read_column(path: Path) -> None:
    """Read a file as a Parquet source."""
    table = path.with_name("table.parquet")
    table.write_bytes(path.read_bytes())
    kind = kind_named("parquet")
    source = kind.open(SourceSettings(kind="parquet", path="table.parquet", licence="MIT"), path.parent)
    for listed in kind.files(source):
        list(kind.documents(source, listed, 1 << 20))


def read_completions(path: Path) -> None:
    """Read a file as the completions of an artifact."""
    folder = path.parent / "completions"
    folder.mkdir()
    (folder / "generations.jsonl").write_bytes(path.read_bytes())
    about = {"weights_sha256": "0" * 64, "settings": {"judged": "greedy", "new_tokens": 1}}
    (folder / "generations.json").write_text(json.dumps(about))
    read_generations(folder)


def copied(path: Path) -> None:
    """Copy a file as a record of a received run."""
    copy_record(path, path.with_name("copy"))


def run_folder(path: Path) -> None:
    """Look through its folder for the records of a run."""
    look(path.parent, "")


def folder_of_many(path: Path) -> None:
    """The same, of a folder with as many files as the file has bytes."""
    for number_ in range(1, path.stat().st_size):
        path.with_name(f"{number_}.json").touch()
    look(path.parent, "")


def read_contract(path: Path) -> None:
    """Read YAML; a document carries its faults until somebody builds a record from it."""
    for fault in read_document(path).faults:
        raise fault


def read_with_faults(path: Path) -> None:
    """Read a contract of many defects, until more of them are there than are shown."""
    for fault in record_faults(read_document(path), Contract)[1]:
        if "not shown" in fault.message:
            raise fault


def unknown_keys(count: int) -> bytes:
    """A contract with so many keys that nobody knows, and no other defect."""
    gate = "gates:\n  - {id: GATE-A, rule: r, ship_blocking: true}\n"
    text = f"contract_id: a\nversion: 1.0.0\nstage: train\nsummary: s\n{gate}"
    return (text + "".join(f"zz{index}: 1\n" for index in range(count))).encode()


def refused_only_for(*messages: str) -> Callable[[Path], None]:
    """Read a GGUF file whose data nobody could store: what else is wrong with it does not count."""

    def read(path: Path) -> None:
        with pytest.raises(DamagedArtifact) as caught:
            read_gguf(path)
        if any(message in str(caught.value) for message in messages):
            raise caught.value

    return read


def completion(**changes: Any) -> bytes:
    """One line of a file of completions."""
    line = {
        "document_sha256": "0" * 64, "begin": 0, "end": 1, "header": "", "prompt": "", "prompt_ids": [1],
        "decoding": "greedy", "seed": 0, "token_ids": [1], "stop_reason": "stop-token", "text": "", "body": "",
    }  # fmt: skip
    return json.dumps(line | changes).encode() + b"\n"


def padded(data: bytes, length: int) -> bytes:
    """Bytes with blanks behind them, to a length."""
    return data + b" " * (length - len(data))


def figures(count: int) -> bytes:
    """A database of MLflow with so many figures of one run."""
    with tempfile.TemporaryDirectory() as folder:
        records = [{"step": step, "loss": 2.5} for step in range(count)]
        return mlflow_database(Path(folder), Run(records, count, ended=False)).read_bytes()


def database(length: int) -> bytes:
    """The same with bytes behind it that belong to no page, to a length."""
    return padded(figures(3), length)


def layers(count: int) -> bytes:
    """A `config.json` of a model with so many layers."""
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": count, "vocab_size": 16,
        "intermediate_size": 8, "max_position_embeddings": 8, "rms_norm_eps": 1e-5, "rope_theta": 1e4,
    }  # fmt: skip
    return json.dumps(config).encode()


def tensors(count: int) -> bytes:
    """A safetensors file of so many empty tensors."""
    entry = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    return stored({f"t{index}": entry for index in range(count)}, b"")


def shaped(*dimensions: int) -> bytes:
    """A safetensors file of one tensor of this shape, and no data."""
    return one(shape=list(dimensions), data_offsets=[0, 0], data=b"")


def aligned(alignment: int) -> bytes:
    """A GGUF file of this alignment."""
    return file(ARCHITECTURE, number("general.alignment", alignment), alignment=alignment)


def many(count: int) -> bytes:
    """A GGUF file of so many tensors."""
    entries = tuple(tensor(f"t{index}", offset=32 * index) for index in range(count))
    return claims(entries, b"\1" * 32 * count)


def pieces(characters: int) -> bytes:
    """A GGUF file with a SentencePiece vocabulary, and in it a piece of so many characters."""
    tokens = text("<unk>") + text("a" * characters)
    return file(
        ARCHITECTURE,
        key("tokenizer.ggml.model", STRING, text("llama")),
        array("tokenizer.ggml.tokens", STRING, 2, tokens),
        array("tokenizer.ggml.scores", F32, 2, bytes(8)),
    )


def event_file(*lengths: int) -> bytes:
    """Records of texts, of so many bytes with their frames where there are several, and without where one."""
    frame = 16 if len(lengths) > 1 else 0
    return b"".join(framed(padded_event(length - frame)) for length in lengths)


def metrics(columns: int) -> bytes:
    """A table of so many columns and no line."""
    return ",".join(["step", *(f"c{number}" for number in range(columns - 1))]).encode()


def read_chat_template(path: Path) -> None:
    """Read a file as the chat template of a checkpoint."""
    path.rename(path.with_name("chat_template.jinja"))
    read_template(path.parent)


def writing(characters: int) -> bytes:
    """A chat template that writes so many characters."""
    return b"{{ 'x' * %d }}" % characters


def render_chat(path: Path) -> None:
    """Render a file as a chat template."""
    render(ChatTemplate(path.read_text(), path.name, {}, path), [{"role": "user", "content": "a"}])


def read_python(path: Path) -> None:
    """The first thing that is wrong with what a file declares."""
    for fault in declared_in(path.read_bytes(), "file.py").faults:
        raise fault


def read_committed(path: Path) -> None:
    """Read a file from the commit that holds it."""
    git(path.parent, "init", "-q", ".")
    git(path.parent, "add", "-A")
    git(path.parent, "commit", "-q", "-m", "it")
    with open_repository(path.parent) as repository:
        CommittedTree(repository, "HEAD", repository.commit("HEAD")[1]).read([path.name])


def among_files(path: Path) -> None:
    """As many files as the file is long, and a result among them."""
    for name in map(str, range(path.stat().st_size)):
        (path.parent / "results" / name).mkdir(parents=True)
        (path.parent / "results" / name / "a.txt").touch()
    with suppress(RequirementMissing):
        find_result(path.parent / "results", "sums", "mean")


def sampled(amount: int) -> bytes:
    """A log of Inspect with so many samples."""
    log = {
        "status": "success",
        "eval": {"task": "sums"},
        "results": {"scores": [{"name": "exact", "metrics": {"mean": {"value": 1}}}]},
        "samples": [{"id": "a", "input": "", "epoch": 1} for _ in range(amount)],
    }
    return json.dumps(log).encode()


def read_result(path: Path) -> object:
    return path.rename(path.with_name("log.json")) and read_log(
        path.with_name("log.json"), "sums", "mean,exact"
    )


def zipped(*texts: str, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip with these members."""
    file_ = io.BytesIO()
    with zipfile.ZipFile(file_, "w", method) as archive:
        for number_, text_ in enumerate(texts):
            archive.writestr(f"{number_}.json", text_)
    return file_.getvalue()


def repeated(ratio: int) -> bytes:
    """A zip whose member is packed just so many times."""
    for length in range(500, 0, -1):
        packed = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        if length <= ratio * len(packed.compress(b"0" * length) + packed.flush()):
            return zipped("0" * length, method=zipfile.ZIP_DEFLATED)
    raise AssertionError("no text is packed that well")


def read_archive(path: Path) -> None:
    with LogArchive(path) as archive:
        assert archive.names


EDGES: Final = [
    Edge("YAML_BYTES", lambda n: padded(b"a: 1 #", n), read_contract, "larger than"),
    Edge("YAML_DEPTH", lambda n: b"[" * n + b"]" * n, read_contract, "nested deeper than"),
    Edge("YAML_DEPTH", lambda n: b"{a: " * n + b"}" * n, read_contract, "nested deeper than"),
    Edge("YAML_NODES", lambda n: b"[" + b"1," * (n - 1) + b"]", read_contract, "more than 20000 values"),
    Edge("YAML_SCALAR_CHARACTERS", lambda n: b"a: '" + b"x" * n + b"'", read_contract, "65537 characters"),
    Edge("YAML_FAULTS", unknown_keys, read_with_faults, "1 more defects are not shown"),
    Edge("YAML_INTEGER_DIGITS", lambda n: b"a: " + b"9" * n, read_contract, "whole number"),
    Edge("YAML_INTEGER_DIGITS", lambda n: b"a: -" + b"9" * n, read_contract, "whole number"),
    Edge("JSON_STATEMENT_BYTES", lambda n: padded(seal(evidence(), KEY), n), read_statement, "at most 1 MiB"),
    Edge(
        "JSON_REPORT_BYTES", lambda n: padded(b"[]", n), read_json, "longer than 100 bytes", 100, strict_json
    ),
    Edge(
        "JSONL_LINE_BYTES",
        lambda n: b"[]\n" + padded(b"[]", n - 1) + b"\n[]\n",
        lambda path: list(read_json_lines(path)),
        r":2:1: a line longer than 100 bytes",
        100,
        strict_json,
    ),
    Edge("JSON_DEPTH", lambda n: b"[" * n + b"]" * n, read_json, "nested deeper than 64"),
    Edge("JSON_DEPTH", lambda n: b'{"a":' * n + b"1" + b"}" * n, read_json, "nested deeper than 64"),
    Edge("JSON_LARGEST_INTEGER", lambda n: b"[%d]" % n, read_json, "beyond 2**53"),
    Edge("JSON_LARGEST_INTEGER", lambda n: b"[-%d]" % n, read_json, "beyond 2**53"),
    Edge("JSON_LARGEST_FOREIGN_INTEGER", lambda n: b'{"a": %d}' % n, read_object, "is beyond 1e+31"),
    Edge(
        "SAFETENSORS_HEADER_BYTES",
        lambda n: stored(
            padded(json.dumps({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}).encode(), n)
        ),
        read_safetensors_header,
        "the header claims 33554433 bytes",
    ),
    Edge(
        "SAFETENSORS_HEADER_DEPTH",
        lambda n: stored(
            b'{"a":{"dtype":"U8","shape":'
            + b"[" * (n - 2)
            + b"8"
            + b"]" * (n - 2)
            + b',"data_offsets":[0,8]}}'
        ),
        read_safetensors_header,
        "nested deeper than 3",
        3,
    ),
    Edge("SAFETENSORS_TENSORS", tensors, read_safetensors_header, "4 tensors", 3),
    Edge("SAFETENSORS_NAME_BYTES", lambda n: one("n" * n), read_safetensors_header, "no tensor name"),
    Edge(
        "SAFETENSORS_NAME_BYTES",
        lambda n: one("\xe9" * (n // 2) + "n" * (n % 2)),
        read_safetensors_header,
        "no tensor name",
    ),
    Edge("SAFETENSORS_LARGEST_DIMENSION", lambda n: shaped(0, n), read_safetensors_header, "beyond 2**53"),
    Edge(
        "SAFETENSORS_LARGEST_DIMENSION",
        lambda n: shaped(2, n // 2 + n % 2, 0),
        read_safetensors_header,
        "more than 2^53 elements",
    ),
    Edge(
        "GGUF_HEADER_BYTES",
        lambda n: file(key("a", STRING, text("x" * (n - 78)))),
        read_gguf,
        "the header is longer than 128 bytes",
        128,
    ),
    Edge("GGUF_KEYS", lambda n: file(*(number(f"k{i}", i) for i in range(n))), read_gguf, "65537 keys"),
    Edge("GGUF_TENSORS", many, read_gguf, "4 tensors are claimed; at most 3", 3),
    Edge(
        "GGUF_TENSOR_INFO_BYTES",
        lambda n: b"GGUF" + struct.pack("<IQQ", 3, 5, 1) + b"\0" * (5 * 24 - (n - 24)),
        refused_only_for("5 tensors are claimed; at most 4"),
        "at most 4",
    ),
    Edge("GGUF_KEY_BYTES", lambda n: file(number("k" * n, 1)), read_gguf, "a key of 65536 bytes"),
    Edge(
        "GGUF_STRING_BYTES", lambda n: file(key("a", STRING, text("x" * n))), read_gguf, "a text of 1048577"
    ),
    Edge(
        "GGUF_STRING_BYTES",
        lambda n: file(array("a", STRING, 1, text("x" * n))),
        read_gguf,
        "a text of 1048577",
    ),
    Edge(
        "GGUF_ARRAY_ELEMENTS",
        lambda n: file(array("a", BOOL, 4, b"\0" * 4), array("b", U32, n - 4, b"\0" * 4 * (n - 4))),
        read_gguf,
        "b: 7 elements are claimed, at most 6 fit",
        10,
    ),
    Edge("GGUF_NAME_BYTES", lambda n: claims((tensor("n" * n),)), read_gguf, "a tensor's name of 64 bytes"),
    Edge(
        "GGUF_DIMENSIONS", lambda n: claims((tensor(dimensions=(8, *[1] * (n - 1))),)), read_gguf, "has 5 dim"
    ),
    Edge(
        "GGUF_TENSOR_BYTES",
        lambda n: claims((tensor(dimensions=(n // 2,), kind=1),)),
        refused_only_for("impossible dimensions"),
        "impossible dimensions (4611686018427387904,)",
    ),
    Edge(
        "GGUF_TENSOR_BYTES",
        lambda n: claims((tensor(dimensions=(n // 32 * 32,), kind=2),)),
        refused_only_for("impossible dimensions"),
        "impossible dimensions (9223372036854775808,)",
    ),
    Edge("GGUF_SMALLEST_ALIGNMENT", aligned, read_gguf, "an alignment of 4", beyond=-4),
    Edge("GGUF_LARGEST_ALIGNMENT", aligned, read_gguf, "an alignment of 131072", beyond=65_536),
    Edge(
        "GGUF_PIECE_CHARACTERS",
        pieces,
        lambda path: rebuilt_tokenizer(read_gguf(path)),
        "a piece has 129 characters; at most 128",
    ),
    Edge("GGUF_BLOCKS", lambda n: file(number("llama.block_count", n)), read_gguf, "room for 1 to 512"),
    Edge("GGUF_BLOCKS", layers, read_shape, "layers at most 512"),
    Edge("COMPLETION_BYTES", lambda n: completion(text="x" * n), read_completions, "text has 65537 bytes"),
    Edge("COMPLETION_BYTES", lambda n: completion(body="x" * n), read_completions, "body has 65537 bytes"),
    Edge("COMPLETION_BYTES", lambda n: completion(prompt="x" * n), read_completions, "prompt has 65537"),
    Edge("SENTENCEPIECE_BYTES", sentencepiece_files.long, read_sentencepiece, "longer than 1000 bytes", 1000),
    Edge("SENTENCEPIECE_PIECES", sentencepiece_files.pieces, read_sentencepiece, "more than 40 pieces", 40),
    Edge("GIT_OBJECT_BYTES", lambda n: b"x" * n, read_committed, "bytes; at most 1000 are read", 1000),
    Edge("EVENT_FILE_BYTES", lambda n: event_file(n - 100, 100), read_events, "longer than 500 bytes", 500),
    Edge("EVENT_RECORD_BYTES", event_file, read_events, "a record longer than 300 bytes", 300),
    Edge("CSV_BYTES", lambda n: padded(b"step,loss\n", n), read_metrics, "longer than 100 bytes", 100),
    Edge(
        "LOG_BYTES",
        lambda n: padded(b'{"step": 1, "loss": 2}\n', n),
        read_plain_lines,
        "longer than 100",
        100,
        plain_lines,
    ),
    Edge("DATABASE_BYTES", database, read_database, "longer than 100000 bytes", 100_000),
    Edge("DATABASE_ROWS", figures, read_database, "more than 40 figures of one run", 40),
    Edge("RUN_FILE_BYTES", lambda n: b"x" * n, copied, "longer than 100 bytes", 100),
    Edge("RUN_BYTES", lambda n: b"x" * n, run_folder, "or 100 bytes of records", 100),
    Edge("RUN_FILES", lambda n: b"x" * n, folder_of_many, "more than 5 files", 5),
    Edge("CSV_COLUMNS", metrics, read_metrics, "no table of metrics", 40),
    Edge("RESULT_FILES", lambda n: b"x" * n, among_files, "more than 5 files", 5),
    Edge("RESULT_SAMPLES", sampled, read_result, "more than 3 samples", 3),
    Edge(
        "ARCHIVE_BYTES",
        lambda n: zipped("a" * (n - len(zipped("")))),
        read_archive,
        "longer than 400 bytes",
        400,
    ),
    Edge("ARCHIVE_MEMBERS", lambda n: zipped(*["{}"] * n), read_archive, "more than 4 members", 4),
    Edge("ARCHIVE_UNPACKED_BYTES", lambda n: zipped("a" * n), read_archive, "unpacks to more than 90", 90),
    Edge("ARCHIVE_RATIO", repeated, read_archive, "packed more than 9 times", 9),
    Edge(
        "UNPACKED_BYTES_ALWAYS",
        lambda n: gzip.compress(bytes(n)),
        unpacked,
        "times its size",
        200_000,
        compressed,
    ),
    Edge("UNPACKED_RATIO", packed_so_often, unpacked, "more than 100 times", 100, compressed),
    Edge("PARQUET_COLUMN_BYTES", column_of, read_column, "at most 5000 are read at once", 5000, parquet),
    Edge("PYTHON_BYTES", lambda n: b"#" * (n - 1) + b"\n", read_python, "and 1048576 are read"),
    Edge("CHAT_TEMPLATE_BYTES", lambda n: b"x" * n, read_chat_template, "longer than 1048576 bytes"),
    Edge("CHAT_RENDERED_CHARACTERS", writing, render_chat, "more than 4194304 characters"),
    Edge(
        "COMPLETION_LINES",
        lambda n: completion() * n,
        read_completions,
        ":4:1: more than 3",
        3,
        inference_records,
    ),
]
"""HEADER bounds are those of a process, and `tests/test_hostile_files.py` holds the readers to them."""


@pytest.mark.parametrize("edge", EDGES, ids=[edge.bound for edge in EDGES])
def test_the_bound_is_read_and_what_lies_beyond_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edge: Edge
) -> None:
    number_ = getattr(bounds, edge.bound)
    assert getattr(edge.where, edge.bound) == number_
    if edge.lowered is not None:
        monkeypatch.setattr(edge.where, edge.bound, number_ := edge.lowered)
    for side, amount in (("within", number_), ("beyond", number_ + edge.beyond)):
        (tmp_path / side).mkdir()
        (tmp_path / side / "file.yaml").write_bytes(edge.file(amount))
    edge.read(tmp_path / "within" / "file.yaml")
    with pytest.raises(UnusableInput, match=re.escape(edge.message)):
        edge.read(tmp_path / "beyond" / "file.yaml")


def test_no_bound_is_without_a_test() -> None:
    assert {edge.bound for edge in EDGES} == PUBLIC


def test_every_bound_has_its_meaning_beneath_it() -> None:
    lines = Path(bounds.__file__).read_text().splitlines()
    for before, after in pairwise(lines):
        assert not re.match(r"[A-Z_]+: Final", before) or after.startswith('"""'), before


def test_a_statement_too_long_to_be_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="at most 1048576 are read"):
        append(tmp_path, evidence(reason="x" * bounds.JSON_STATEMENT_BYTES), KEY)
    assert not list(tmp_path.iterdir())
