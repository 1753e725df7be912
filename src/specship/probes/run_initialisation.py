"""Whether a run began as the checkpoint it names, and ended better: from bytes, never by the run's word."""

from __future__ import annotations

from typing import Any

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.folder import CheckpointFolder, open_any_checkpoint
from specship.pipeline.run_logs.needs import with_weights
from specship.pipeline.training.initialisation import INITIAL, own_loss
from specship.pipeline.training.run_reading import checkpoint_path, read_evaluations, read_run
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.initialisation",
    checked="held_out_tokens",
    held_out_tokens="tokens",
    tensors="tensors",
    differing_tensors="tensors",
    own_loss="nats/token",
    step_zero_loss="nats/token",
    difference="nats/token",
    logged_difference="nats/token",
    final_loss="nats/token",
    improvement="nats/token",
)
def run_initialisation(run: Artifact, shards: Artifact) -> Figures:
    """The initial checkpoint, the checkpoint of step 0 and the last one on the same held-out windows.

    `own_loss` is the initial checkpoint's by our own decoder, `step_zero_loss` that of the model the
    run saved before its first step, by transformers; `difference` is between them, and
    `logged_difference` between `own_loss` and what the run wrote into its log for step 0.
    `differing_tensors` counts tensors of step 0 whose values are not the initial ones, missing and
    surplus ones included. `improvement` is `own_loss` less the loss of the last checkpoint; below 0
    the run made its beginning worse. All in float32 on windows of the run's own length.

    Not judged: whether the copy in the run is what somebody published; its `metadata.json` has the sums.

    Raises:
        DamagedArtifact: the run began from random weights, or a checkpoint or the shards cannot be used.
        NotRecorded: it is the log of another program, without the weights.
    """
    import torch

    from specship.pipeline.shards.token_reader import TokenReader

    with_weights(run.path)
    record = read_run(run.path)
    if record.initialisation is None:
        raise DamagedArtifact(
            "the run began from random weights", at=run.path / "run.json", mend="judge it by run.first_loss"
        )
    length = record.config.training.sequence_length
    reader = TokenReader(
        shards.path, "heldout", length=length, seed=0, at_end="halt", tokenizer=checkpoint_path(run.path, 0)
    )
    windows_WT = reader.heldout_windows(length, record.config.training.evaluation_tokens)  # noqa: N806
    apart = reader.separator_id if record.config.training.boundaries.apart else None
    initial = run.path / INITIAL
    own = own_loss(initial, windows_WT, torch.device("cpu"), lambda *_: None)
    evaluations = read_evaluations(run.path)
    first = next((float(one["val_loss"]) for one in evaluations if one["step"] == 0), None)
    differing = _differing(open_any_checkpoint(initial), open_any_checkpoint(checkpoint_path(run.path, 0)))
    begun, ended = (_loss(run, step, windows_WT, apart) for step in (0, int(evaluations[-1]["step"])))
    return {
        "held_out_tokens": own.tokens,
        "tensors": record.initialisation.tensors,
        "differing_tensors": len(differing),
        "own_loss": own.loss,
        "step_zero_loss": begun,
        "difference": abs(own.loss - begun),
        "logged_difference": None if first is None else abs(own.loss - first),
        "final_loss": ended,
        "improvement": own.loss - ended,
        "notes": [f"tensor {name}" for name in differing[:5]],
    }


def _differing(initial: CheckpointFolder, begun: CheckpointFolder) -> list[str]:
    import numpy as np

    wrong = sorted(initial.tensors.keys() ^ begun.tensors.keys())
    both = sorted(initial.tensors.keys() & begun.tensors.keys())
    return wrong + [
        name
        for name in both
        if not np.array_equal(initial.array(name).astype(np.float32), begun.array(name).astype(np.float32))
    ]


def _loss(run: Artifact, step: int, windows_WT: Any, apart: int | None) -> float:  # noqa: N803 - axes
    """Held-out loss of a checkpoint of the run by transformers, in float32."""
    from specship.pipeline.inference.transformers_decoder import in_transformers
    from specship.pipeline.training.evaluation import scored

    return scored(in_transformers(checkpoint_path(run.path, step)), windows_WT, apart).loss
