"""Checkpoint to GGUF: what llama.cpp's `llama` architecture needs, and nothing left to its defaults.

Written beside its final name, read back by our own strict reader, and only then renamed.
Source: ggml docs/gguf.md; llama.cpp src/llama-arch.cpp and src/llama-vocab.cpp.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.files import sync_folder, write_errors
from specship.pipeline.checkpoint_folder import CheckpointFolder, LlamaShape, open_checkpoint
from specship.pipeline.gguf_elements import FILE_TYPES, Dtype, element_of, encoded, number_of
from specship.pipeline.gguf_names import architecture_of, renamed_tensors
from specship.pipeline.gguf_reader import GgufFile, read_gguf
from specship.pipeline.gguf_vocabulary import read_vocabulary
from specship.pipeline.rotary_order import interleave_rows

if TYPE_CHECKING:
    import gguf

SOURCE_DIGEST_KEY: Final = "specship.checkpoint.weights_sha256"


def export_gguf(
    checkpoint: Path,
    output: Path,
    *,
    dtype: Dtype = "F32",
    name: str = "model",
    licence: str = "",
    sources: Sequence[str] = (),
) -> GgufFile:
    """Write a checkpoint folder as one GGUF file; returns it as our reader sees it.

    `licence` is an SPDX expression and `sources` say where the training text came from; both go
    into the metadata when given.

    Raises:
        UnusableInput: the checkpoint or its tokenizer cannot be exported.
        DamagedArtifact: bytes of the checkpoint are not what they promise.
        CannotWrite: the disk is full or refuses; nothing is left under `output`.
    """
    import gguf

    opened = open_checkpoint(checkpoint)
    with _renamed_when_good(output) as partial, write_errors(output):
        architecture = architecture_of(opened.shape, checkpoint)
        writer = gguf.GGUFWriter(partial, architecture.name)
        try:
            _add_general(writer, opened, dtype, name, licence, sources)
            _add_architecture(writer, opened.shape)
            _add_vocabulary(writer, opened)
            _add_tensors(writer, opened, dtype)
        finally:
            writer.close()
        read_gguf(partial)
    return read_gguf(output)


@contextlib.contextmanager
def _renamed_when_good(output: Path) -> Iterator[Path]:
    with write_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(6)}")
    try:
        yield partial
        with write_errors(output):
            descriptor = os.open(partial, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            partial.replace(output)
            sync_folder(output.parent)
    finally:
        partial.unlink(missing_ok=True)


def _add_general(
    writer: gguf.GGUFWriter,
    opened: CheckpointFolder,
    dtype: Dtype,
    name: str,
    licence: str,
    sources: Sequence[str],
) -> None:
    writer.add_type("model")
    writer.add_name(name)
    writer.add_file_type(FILE_TYPES[dtype])
    writer.add_string(SOURCE_DIGEST_KEY, opened.weights_digest())
    if licence:
        writer.add_license(licence)
    if sources:
        writer.add_dataset_count(len(sources))
        for index, source in enumerate(sources):
            writer.add_dataset_name(index, source)


def _add_architecture(writer: gguf.GGUFWriter, shape: LlamaShape) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.intermediate)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_layer_norm_rms_eps(shape.rms_eps)
    writer.add_vocab_size(shape.vocabulary)


def _add_vocabulary(writer: gguf.GGUFWriter, opened: CheckpointFolder) -> None:
    add: dict[type, Callable[[str, Any], None]] = {
        bool: writer.add_bool,
        int: writer.add_uint32,
        str: writer.add_string,
        bytes: writer.add_array,
        tuple: writer.add_array,
        list: writer.add_array,
    }
    for key, value in read_vocabulary(opened.path, opened.shape.vocabulary).metadata().items():
        add[type(value)](key, value)


def _add_tensors(writer: gguf.GGUFWriter, opened: CheckpointFolder, dtype: Dtype) -> None:
    """Declare every tensor, then write one after the other, so that one at a time is in memory."""
    import gguf
    import numpy as np

    renamed = renamed_tensors(opened.shape)
    for tensor in renamed:
        shape = opened.tensors[tensor.checkpoint].shape
        element = element_of(dtype, shape)
        rows = [*shape[:-1], shape[-1] // element.block * element.bytes]
        kind = gguf.GGMLQuantizationType(number_of(element))
        writer.add_tensor_info(tensor.gguf, rows, np.dtype(np.uint8), math.prod(rows), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in renamed:
        array = opened.array(tensor.checkpoint)
        if tensor.heads:
            array = interleave_rows(array, tensor.heads)
        writer.write_tensor_data(encoded(array, element_of(dtype, array.shape)))
