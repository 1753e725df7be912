"""The first loss of a run, computed again from the initial weights and the first batch of the data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from specship.pipeline.run_logs.needs import with_weights
from specship.pipeline.training.run_reading import RunRecord, checkpoint_path, read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from specship.pipeline.inference.text_decoder import TextDecoder
    from specship.pipeline.shards.token_reader import TokenReader
    from specship.pipeline.training.settings import TrainingSettings


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
    from specship.pipeline.inference.transformers_decoder import in_transformers
    from specship.pipeline.shards.token_reader import TokenReader

    settings = record.config.training
    path = checkpoint_path(run.path, 0)
    model = in_transformers(path, device="auto")
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
        means = [_mean(model, reader, settings) for _ in range(settings.accumulation)]
        losses.append(math.fsum(means) / len(means))
    return losses, settings.tokens_per_step


def _mean(model: TextDecoder, reader: TokenReader, settings: TrainingSettings) -> float:
    """Mean loss of the next batch, with its documents apart where the run kept them so."""
    import torch

    from specship.pipeline.shards.boundaries import learned_of
    from specship.pipeline.training.evaluation import window_losses

    tokens_BT = reader.next_batch(settings.micro_batch)  # noqa: N806
    apart = reader.separator_id if settings.boundaries.apart else None
    losses_BT = window_losses(model, tokens_BT, apart)  # noqa: N806
    if not settings.boundaries.after_separator:
        losses_BT = losses_BT[torch.from_numpy(learned_of(tokens_BT, reader.separator_id))]  # noqa: N806
    return float(losses_BT.mean())
