"""The first loss of a run, computed again from the initial weights and the first batch of the data."""

from __future__ import annotations

import math
from typing import Any

from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.needs import with_weights
from specship.pipeline.shards.boundaries import Boundaries
from specship.pipeline.training.run_reading import RunRecord, checkpoint_path, read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.first_loss",
    checked="tokens",
    tokens="tokens",
    first_loss="nats/token",
    over_ln_vocabulary="ratio",
    recomputed_difference="nats/token",
    change_with_other_data="nats/token",
)
def run_first_loss(run: Artifact, shards: Artifact) -> Figures:
    """Whether the first loss is the one that these weights have on these data.

    The checkpoint of step 0 is opened with transformers and scored on the batch that the
    seed's order puts first. A scripted loss, skipped weights and a wrong corpus all differ. The
    loss on the batch after it must be another: a loss that ignores its data is none.

    Raises:
        DamagedArtifact: the log, the initial checkpoint or the shards cannot be used.
        NotRecorded: it is the log of another program, without the weights.
    """
    with_weights(run.path)
    record = read_run(run.path)
    first = float(read_steps(run.path)[0]["train_loss"])
    losses, tokens = _scores(record, run, shards)
    return {
        "tokens": tokens,
        "first_loss": first,
        "over_ln_vocabulary": first / math.log(record.vocabulary),
        "recomputed_difference": abs(first - losses[0]),
        "change_with_other_data": abs(losses[1] - losses[0]),
        "notes": [f"logged {first:.6g}, computed again {losses[0]:.6g}, next batch {losses[1]:.6g}"],
    }


def _scores(record: RunRecord, run: Artifact, shards: Artifact) -> tuple[list[float], int]:
    """Losses of the first two steps' batches under the initial weights, and the tokens of one."""
    import torch
    from transformers import AutoModelForCausalLM

    from specship.pipeline.device import resolve_device
    from specship.pipeline.shards.token_reader import TokenReader

    settings = record.config.training
    path = checkpoint_path(run.path, 0)
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(path, local_files_only=True, dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        raise DamagedArtifact(f"transformers cannot open the initial checkpoint: {error}", at=path) from error
    model.to(resolve_device("auto"))
    reader = TokenReader(
        shards.path,
        "train",
        length=settings.sequence_length,
        seed=settings.seed,
        at_end=settings.at_end,
        tokenizer=path,
    )
    losses = []
    for _ in range(2):
        means = [
            _mean(model, reader.next_batch(settings.micro_batch), settings.boundaries, reader.separator_id)
            for _ in range(settings.accumulation)
        ]
        losses.append(math.fsum(means) / len(means))
    return losses, settings.tokens_per_step


def _mean(model: Any, tokens_BT: Any, boundaries: Boundaries, separator_id: int) -> float:  # noqa: N803 - axes
    """Mean loss of one batch, with its documents apart where the run kept them so."""
    import torch

    from specship.pipeline.shards.boundaries import documents_of, learned_of
    from specship.pipeline.training.causal_model import token_losses

    device = next(model.parameters()).device
    documents = documents_of(tokens_BT, separator_id) if boundaries.apart else None
    with torch.no_grad():
        losses_BT = token_losses(  # noqa: N806
            model,
            torch.from_numpy(tokens_BT).to(device),
            documents_BT=None if documents is None else torch.from_numpy(documents).to(device),
        ).double()
    if not boundaries.after_separator:
        losses_BT = losses_BT[torch.from_numpy(learned_of(tokens_BT, separator_id)).to(device)]  # noqa: N806
    return float(losses_BT.mean())
