"""A foreign checkpoint as the beginning of a training: what is asked of it, and what it weighs by itself.

    RUN/initial/     the checkpoint's own bytes, copied before anything is trained

Every tensor must fit its own configuration, and its tokenizer must be the data's, or nothing is
trained. Before the model is built, the copy's held-out loss is measured by our own decoder in
float32, which shares no code with the model that is trained; the first held-out loss of the run
must be that one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.digests import digest_of, sha256_file
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint.folder_manifest import verify_manifest
from specship.pipeline.checkpoint.importing import import_checkpoint
from specship.pipeline.checkpoint.inventory import Inventory, account
from specship.pipeline.checkpoint.weight_files import CONFIG, TOKENIZER
from specship.pipeline.model.reading import read_model
from specship.pipeline.shards.manifest import ShardsManifest
from specship.pipeline.tokenizer.size import token_ids
from specship.strict_json import read_json

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from specship.pipeline.training.evaluation import HeldOut

INITIAL: Final = "initial"
"""Folder of a run that holds the checkpoint it began from."""
TOLERANCE: Final = 1e-3
"""Nats a token by which the first held-out loss may differ from the checkpoint's own."""
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Beginning:
    """A checkpoint that may be trained on, with the digest of all its files that count."""

    inventory: Inventory
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """What `run.json` says of it before anything is measured."""
        return {
            "source": self.inventory.path.name,
            "family": self.inventory.model.model_type,
            "sha256": self.sha256,
            "tensors": len(self.inventory.model.tensors()),
            "parameters": self.inventory.declared_parameters,
            "dtypes": self.inventory.dtypes,
            "tolerance": TOLERANCE,
        }

    def copy_into(self, run: Path) -> Path:
        """The copy in a run folder, made once and verified whenever the run goes on.

        Raises:
            DamagedArtifact: the copy is damaged, or the checkpoint changed since it was looked at.
            CannotWrite: the disk is full or refuses.
        """
        kept = run / INITIAL
        for left in run.glob(".tmp-*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
        if not kept.exists():
            import_checkpoint(self.inventory, kept)
        verify_manifest(kept)
        return kept


def examine(checkpoint: Path, tokenizer: Path, shards: ShardsManifest, *, length: int) -> Beginning:
    """Take a checkpoint as a beginning, or say everything that speaks against it.

    Raises:
        UnusableInput: of another tokenizer, another family, too short a context, or pickled.
        DamagedArtifact: one or more tensors do not fit; all of them are named.
    """
    found = account(checkpoint)
    if found.misfits:
        _refuse_misfits(found)
    _refuse_other_tokens(found, tokenizer, shards)
    if length > found.model.shape.context:
        raise UnusableInput(
            f"sequence_length {length} exceeds the checkpoint's {found.model.shape.context} positions",
            at=checkpoint / CONFIG,
            mend="shorten training.sequence_length",
        )
    files = [CONFIG, TOKENIZER, *found.files]
    return Beginning(found, digest_of({name: sha256_file(checkpoint / name) for name in files}))


def _refuse_misfits(found: Inventory) -> None:
    lines = [f"{one.name} {one.message}" for one in found.misfits]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    raise DamagedArtifact(
        "the checkpoint does not fit its own configuration:\n  " + "\n  ".join(lines[:_SHOWN] + more),
        at=found.path,
        why="a tensor that is skipped stays random, and the run would begin as nobody's model",
        mend=f"{found.misfits[0].mend}; see all of it: specship import checkpoint {found.path}",
    )


def _refuse_other_tokens(found: Inventory, tokenizer: Path, shards: ShardsManifest) -> None:
    """The data's ids must mean to this checkpoint what they meant when it was trained."""
    own, ours = found.path / TOKENIZER, tokenizer / TOKENIZER
    if not own.is_file():
        raise UnusableInput(
            f"the checkpoint has no {TOKENIZER}",
            at=found.path,
            why="nothing says that its ids mean what those of the data mean",
            mend="fetch the checkpoint with its tokenizer",
        )
    if shards.tokenizer_sha256 != sha256_file(ours):
        raise UnusableInput(
            "the data were encoded with another tokenizer than this one",
            at=ours,
            why="an id means another text in every tokenizer",
            mend="encode the corpus again: specship tokenize CORPUS --tokenizer FOLDER --output DIR",
        )
    if sha256_file(own) != sha256_file(ours) and (other := _difference(token_ids(own), token_ids(ours))):
        raise UnusableInput(
            f"the tokenizer of the data is not the checkpoint's: {other}",
            at=own,
            why="under other ids the checkpoint's embeddings are those of other words: a random beginning",
            mend=f"encode the corpus with it: specship tokenize CORPUS --tokenizer {found.path} --output DIR",
        )
    rows = found.model.shape.vocabulary
    if shards.vocab_size > rows:
        raise UnusableInput(
            f"the data have ids below {shards.vocab_size}, and the embedding has {rows} rows",
            at=found.path / CONFIG,
            mend="use the tokenizer of this checkpoint",
        )


def _difference(theirs: dict[str, int], ours: dict[str, int]) -> str:
    """What sets two vocabularies apart, in words; empty when nothing does."""
    if theirs == ours:
        return ""
    other = sum(1 for token, index in ours.items() if theirs.get(token) != index)
    return f"{len(theirs)} tokens against {len(ours)}, of which {other} have another id or are unknown to it"


def continued_config(folder: Path) -> dict[str, Any]:
    """The checkpoint's `config.json` for a model trained in float32, with nothing left to defaults.

    Raises:
        UnusableInput, DamagedArtifact: as `read_model`.
    """
    model = read_model(folder / CONFIG)
    shape, document = model.shape, dict(read_json(folder / CONFIG))
    scaling = document.pop("rope_scaling", None)
    rotation = dict(document.get("rope_parameters") or scaling or {})
    rotation.setdefault("rope_type", rotation.pop("type", "default"))
    return document | {
        "architectures": [model.architecture],
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "rms_norm_eps": shape.rms_eps,
        "rope_theta": shape.rope_theta,
        "rope_parameters": rotation | {"rope_theta": shape.rope_theta},
        "tie_word_embeddings": shape.tied,
        "bos_token_id": document.get("bos_token_id"),
        "eos_token_id": document.get("eos_token_id"),
        "dtype": "float32",
        "torch_dtype": "float32",
    }


def own_loss(
    folder: Path,
    windows_WT: NDArray[np.int64],  # noqa: N803 - axes of an array
    device: torch.device,
    report: Callable[..., None],
) -> HeldOut:
    """Held-out loss of a checkpoint by our own decoder in float32, from windows of T + 1 tokens.

    Raises:
        UnusableInput, DamagedArtifact: the folder cannot be opened.
    """
    import torch

    from specship.pipeline.inference.decoder import Decoder
    from specship.pipeline.training.evaluation import summary

    length = windows_WT.shape[1] - 1
    decoder = Decoder.open(folder, device=str(device), context=length)
    means: list[float] = []
    for number, window_T in enumerate(windows_WT, 1):  # noqa: N806
        logits_TV = decoder.logits(window_T[:-1].tolist())  # noqa: N806
        targets_T = torch.from_numpy(window_T[1:]).to(logits_TV.device)  # noqa: N806
        losses_T = torch.nn.functional.cross_entropy(logits_TV, targets_T, reduction="none")  # noqa: N806
        means.append(float(losses_T.double().mean()))
        report(number, len(windows_WT), "windows of the initial checkpoint")
    return summary(means, length)
