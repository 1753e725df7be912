"""Any model that can be judged here: of ours, of a family that transformers computes, or of llama.cpp alone.

opened = open_any_model(path)
decoder = load_decoder(opened, device="cpu", context=512)
decoder.engine                                              # "specship", "transformers 5.23.0", ...
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from specship.pipeline.checkpoint.other_folder import OtherFolder, open_other_folder
from specship.pipeline.checkpoint.recognition import refuse_other
from specship.pipeline.checkpoint.weight_files import CONFIG, refuse_link
from specship.pipeline.inference.open_model import OpenModel, is_gguf, open_model
from specship.pipeline.model.config_reading import ConfigReader
from specship.pipeline.model.reading import all_families

if TYPE_CHECKING:
    from specship.pipeline.inference.text_decoder import TextDecoder

AnyModel = OpenModel | OtherFolder


def open_any_model(path: Path) -> AnyModel:
    """Open a checkpoint folder of a family that is computed here or by transformers, or a GGUF file.

    Raises:
        UnusableInput: neither of them, pickled weights, an unknown family or feature.
        DamagedArtifact: it breaks a rule of its format, or contradicts itself.
        RequirementMissing: it needs transformers, which is not installed.
        StageFailed: the process of transformers crashed or did not end.
    """
    return open_model(path) if is_gguf(path) or is_ours(path) else open_other_folder(path)


def is_ours(folder: Path) -> bool:
    """Whether a folder's family is computed here, as far as its `config.json` says one.

    Raises:
        UnusableInput: it is no checkpoint folder, or its configuration cannot be read.
    """
    refuse_other(folder)
    refuse_link(folder / CONFIG)
    said = ConfigReader(folder / CONFIG).get("model_type")
    return not isinstance(said, str) or said in all_families()


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
    from specship.pipeline.inference.decoder import Decoder

    return Decoder(opened, device=device, context=context)
