"""A GGUF of an architecture that only llama.cpp computes, written by the `gguf` package from a checkpoint."""

import functools
from pathlib import Path
from typing import Any

from tests.models.once import once
from tests.models.other_families import other
from tests.models.trained_checkpoint import HIDDEN, POSITIONS, VOCABULARY, tensors


@functools.cache
def other_gguf(*, steps: int = 0) -> Path:
    """The GPT-2 of `other_families` as a GGUF."""
    return once(f"other-gguf-{steps}", lambda folder: _write(folder / "gpt2.gguf", steps)) / "gpt2.gguf"


def _write(path: Path, steps: int) -> None:
    import gguf

    from specship.pipeline.export.vocabulary import read_vocabulary

    writer: Any = gguf.GGUFWriter(str(path), "gpt2")
    writer.add_context_length(POSITIONS)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(2)
    writer.add_feed_forward_length(4 * HIDDEN)
    writer.add_head_count(4)
    writer.add_layer_norm_eps(1e-5)
    writer.add_file_type(0)
    vocabulary = read_vocabulary(other("gpt2", steps=steps), VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(list(vocabulary.tokens))
    writer.add_token_types(list(vocabulary.types))
    writer.add_token_merges(list(vocabulary.merges))
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GPT2, 2)
    for name, array in tensors(other("gpt2", steps=steps)).items():
        turned = array.ndim == 2 and ".h." in name
        theirs = names.get_name(name, try_suffixes=(".weight", ".bias"))
        writer.add_tensor(theirs, array.T.copy() if turned else array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
