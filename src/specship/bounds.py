"""How much of a file from outside is read: one number each, in one table.

A contract, a checkpoint or a log can come from anybody. Each reader takes its numbers from here
and holds them before it allocates anything, so that a file of a few bytes can cost neither
gigabytes nor hours. All bounds are inclusive: the number itself is still read, one more is
refused. `tests/test_bounds.py` tries both sides of every number.

Where a number is a format's own and no choice of ours, its source is named.
"""

from __future__ import annotations

from typing import Final

# YAML: contracts, specifications, profiles. Anchors, aliases and merge keys are refused
# altogether, so that they need no number.

YAML_BYTES: Final = 1 << 20
"""Longest document."""
YAML_DEPTH: Final = 32
"""Mappings and lists inside one another."""
YAML_NODES: Final = 20_000
"""Mappings, lists, keys and scalars of a document, counted together."""
YAML_SCALAR_CHARACTERS: Final = 64 << 10
"""Longest text, key or number."""
YAML_INTEGER_DIGITS: Final = 18
"""Digits of a whole number, without its sign; 18 always fit 64 bits, 19 may not."""
YAML_FAULTS: Final = 100
"""Defects of one record that are looked up and shown; how many more there are is said."""

# JSON and JSON Lines: evidence, reports, manifests, logs.

JSON_STATEMENT_BYTES: Final = 1 << 20
"""Longest signed statement of the ledger."""
JSON_REPORT_BYTES: Final = 64 << 20
"""Longest JSON document of any other kind."""
JSONL_LINE_BYTES: Final = 16 << 20
"""Longest line of a JSON Lines file, with its newline."""
JSON_DEPTH: Final = 64
"""Objects and lists inside one another."""
JSON_LARGEST_INTEGER: Final = 2**53
"""Largest magnitude of a whole number; beyond it, readers that use doubles disagree (RFC 8259)."""
JSON_LARGEST_FOREIGN_INTEGER: Final = 10**31
"""The same in files that come with a tokenizer: `transformers` writes `int(1e30)` for "no limit"."""

# safetensors: weights of a checkpoint.

SAFETENSORS_HEADER_BYTES: Final = 32 << 20
"""Longest header; the `safetensors` library takes 100 000 000 bytes."""
SAFETENSORS_HEADER_DEPTH: Final = 4
"""Objects and lists inside one another; the format itself needs 3."""
SAFETENSORS_TENSORS: Final = 1_000_000
"""Most tensors of a file; a model has at least one."""
SAFETENSORS_NAME_BYTES: Final = 512
"""Longest name of a tensor, in UTF-8; the shortest has 1."""
SAFETENSORS_LARGEST_DIMENSION: Final = 2**53
"""Largest dimension, number of elements, and offset."""

# Logs of other programs: TensorBoard's event files, tables of metrics.

EVENT_FILE_BYTES: Final = 64 << 20
"""Longest event file; a scalar takes some 60 bytes."""
EVENT_RECORD_BYTES: Final = 16 << 20
"""Longest record of an event file; images and histograms take megabytes, and are skipped."""
RUN_FILES: Final = 4096
"""Most files in the folder of a received run, whether they are copied or left."""
RUN_FILE_BYTES: Final = 64 << 20
"""Longest of them that is copied."""
RUN_BYTES: Final = 256 << 20
"""All that are copied together."""
CSV_BYTES: Final = 16 << 20
"""Longest table of metrics; a line takes some 80 bytes."""
CSV_COLUMNS: Final = 4096
"""Most columns of a table of metrics."""
LOG_BYTES: Final = 32 << 20
"""Longest log of any other format: console text, JSON Lines, a run of Weights & Biases."""
DATABASE_BYTES: Final = 4 << 30
"""Longest database of runs; only the rows of one run are read."""
DATABASE_ROWS: Final = 1_000_000
"""Most figures of that run."""

# Results of evaluation harnesses: tables of samples, and zips of them.

RESULT_FILES: Final = 10_000
"""Most files of a folder in which a result is looked for."""
RESULT_SAMPLES: Final = 1_000_000
"""Most samples of a result; the largest tasks have some tens of thousands."""
ARCHIVE_BYTES: Final = 1 << 30
"""Longest zip."""
ARCHIVE_MEMBERS: Final = 200_000
"""Most members of a zip; a log has one a sample and a few more."""
ARCHIVE_UNPACKED_BYTES: Final = 8 << 30
"""Most bytes that all members together say they have."""
ARCHIVE_RATIO: Final = 200
"""How much longer a member may be than what it was packed to; transcripts repeat themselves 20 times."""

# Sources of a corpus: compressed files, Parquet and Arrow.

UNPACKED_BYTES_ALWAYS: Final = 64 << 20
"""Bytes that a compressed file may unpack to, however small it is."""
UNPACKED_RATIO: Final = 200
"""How many times as long as it is a longer one may get; source code packs to a fifth."""
PARQUET_COLUMN_BYTES: Final = 1 << 30
"""Most bytes of one column of a Parquet row group, unpacked, and of one Arrow batch."""

# GGUF: exports.

GGUF_HEADER_BYTES: Final = 64 << 20
"""Longest header, keys and list of tensors together; a vocabulary of 262 144 tokens takes about 10 MB."""
GGUF_KEYS: Final = 65_536
"""Most key-value pairs of a file."""
GGUF_TENSORS: Final = 65_536
"""Most tensors of a file."""
GGUF_TENSOR_INFO_BYTES: Final = 24
"""Least that an entry of the list of tensors takes, whatever its name: more cannot be claimed."""
GGUF_KEY_BYTES: Final = 65_535
"""Longest key, in UTF-8 (the format's own bound); the shortest has 1."""
GGUF_STRING_BYTES: Final = 1 << 20
"""Longest text among the values."""
GGUF_ARRAY_ELEMENTS: Final = 2_097_152
"""Most elements of all arrays together: each becomes an object of its own. The largest arrays are
vocabularies with their scores, types and merges, together about a million."""
GGUF_NAME_BYTES: Final = 63
"""Longest name of a tensor: ggml keeps 64 bytes with the closing zero (GGML_MAX_NAME)."""
GGUF_DIMENSIONS: Final = 4
"""Most dimensions of a tensor (GGML_MAX_DIMS); the least is 1, and each is at least 1."""
GGUF_TENSOR_BYTES: Final = 2**63 - 1
"""Most bytes and most elements of a tensor: ggml counts both in signed 64 bits."""
GGUF_SMALLEST_ALIGNMENT: Final = 8
"""Smallest alignment of the tensors' data, in bytes; it is always a power of two."""
GGUF_LARGEST_ALIGNMENT: Final = 65_536
"""Largest alignment, in bytes."""
GGUF_BLOCKS: Final = 512
"""Most layers of a model: llama.cpp has room for no more (LLAMA_MAX_LAYERS)."""
GGUF_PIECE_CHARACTERS: Final = 128
"""Longest piece of a SentencePiece vocabulary that is rebuilt: every way to cut it in two is looked up.
SentencePiece itself makes none above 16 unless it is told to."""

# Completions: programs that a model wrote, to be run.

COMPLETION_BYTES: Final = 64 << 10
"""Longest source text of one completion, in UTF-8."""
COMPLETION_LINES: Final = 1_000_000
"""Most completions of a file."""

# Chat templates: programs that came with weights, run at every prompt.

CHAT_TEMPLATE_BYTES: Final = 1 << 20
"""Longest template, in UTF-8; the longest in use have some ten thousand bytes."""
CHAT_RENDERED_CHARACTERS: Final = 4 << 20
"""Longest text that a template may make of one conversation."""

# SentencePiece: tokenizer.model.

SENTENCEPIECE_BYTES: Final = 16 << 20
"""Longest file; 256 000 pieces take about 4 MB."""
SENTENCEPIECE_PIECES: Final = 524_288
"""Most pieces of a file; each takes some Python objects."""

# Python: probes and faults of a project, read without running them.

PYTHON_BYTES: Final = 1 << 20
"""Longest file."""

# Git: objects of the two sides of a review.

GIT_OBJECT_BYTES: Final = 64 << 20
"""Longest commit, folder or file that is taken from git; a folder of a million names takes about 60 MB."""
