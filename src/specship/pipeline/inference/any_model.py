"""Any model that can be judged here: of ours, of a family that transformers computes, or of llama.cpp alone.

opened = open_any_model(path)
decoder = load_decoder(opened, device="cpu", context=512)
decoder.engine                                              # "specship", "transformers 5.23.0", ...
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from specship.pipeline.checkpoint.other_folder import OtherFolder, open_other_folder
from specship.pipeline.checkpoint.recognition import refuse_other, refuse_unfetched
from specship.pipeline.checkpoint.weight_files import CONFIG, refuse_link
from specship.pipeline.gguf.other_architectures import is_other_architecture
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.open_model import OpenModel, is_gguf, open_model
from specship.pipeline.model.other_families import is_computed_here

if TYPE_CHECKING:
    from specship.pipeline.inference.llamacpp_decoder import OtherGguf
    from specship.pipeline.inference.text_decoder import TextDecoder

AnyModel: TypeAlias = "OpenModel | OtherFolder | OtherGguf"


def open_any_model(path: Path) -> AnyModel:
    """Open a checkpoint folder of a family that is computed here or by transformers, or any GGUF file.

    Raises:
        UnusableInput: neither of them, pickled weights, an unknown family or feature.
        DamagedArtifact: it breaks a rule of its format, or contradicts itself.
        RequirementMissing: it needs transformers or llama.cpp, which is not installed.
        StageFailed: the process of transformers crashed or did not end.
    """
    if is_ours(path):
        return open_model(path)
    if not is_gguf(path):
        return open_other_folder(path)
    from specship.pipeline.inference.llamacpp_decoder import open_other_gguf

    return open_other_gguf(path)


def is_ours(path: Path) -> bool:
    """Whether a folder or a GGUF is computed here, as far as its `config.json` or its metadata say.

    Raises:
        UnusableInput: it is neither of them, or what says so cannot be read.
    """
    if is_gguf(path):
        refuse_unfetched(path)
        return not is_other_architecture(read_gguf(path))
    refuse_other(path)
    refuse_link(path / CONFIG)
    return is_computed_here(path / CONFIG)


def load_decoder(opened: AnyModel, *, device: str = "cpu", context: int | None = None) -> TextDecoder:
    """The weights in memory, ready to read one sequence at a time.

    Raises:
        UnusableInput: transformers refuses them.
        StageFailed: its process crashed or did not end.
        RequirementMissing: the device is not here.
    """
    if isinstance(opened, OtherFolder):
        from specship.pipeline.inference.transformers_decoder import TransformersDecoder

        return TransformersDecoder(opened, device=device, context=context)
    from specship.pipeline.inference.llamacpp_decoder import LlamaCppDecoder, OtherGguf

    if isinstance(opened, OtherGguf):
        return LlamaCppDecoder(opened, context=context)
    from specship.pipeline.inference.decoder import Decoder

    return Decoder(opened, device=device, context=context)
