"""Steps repeated from a checkpoint in the middle of the run equal those of the run itself."""

from __future__ import annotations

from typing import Final

from specship.pipeline.training.run_reading import read_log, read_steps
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_COMPARED: Final = ("train_loss", "grad_norm", "grad_norm_after_clip", "lr", "tokens_seen")


@probe(
    "run.resume_replay",
    checked="steps_compared",
    steps_compared="steps",
    resumed_after="steps",
    largest_difference="nats/token",
    largest_rate_difference="ratio",
    differing_values="values",
    steps_out_of_place="steps",
)
def run_resume_replay(run: Artifact, replay: Artifact) -> Figures:
    """Compare losses, norms, rates and token counts after a resume with the uninterrupted ones.

    A resume that restarts the schedule, the data or the optimizer differs in its first step.
    `steps_out_of_place` counts repeated records whose step is not the one that follows.

    Raises:
        DamagedArtifact: a log of the run or of the replay cannot be read.
    """
    own = {int(step["step"]): step for step in read_steps(run.path)}
    after = int(read_json(replay.path / "replay.json")["resumed"]["after_step"])
    repeated = read_log(replay.path / "resumed.jsonl")
    pairs = [(own[line["step"]], line) for line in repeated if line.get("step") in own]
    differing = [(a["step"], name) for a, b in pairs for name in _COMPARED if a[name] != b.get(name)]
    return {
        "steps_compared": len(pairs),
        "resumed_after": after,
        "largest_difference": max((abs(a["train_loss"] - b["train_loss"]) for a, b in pairs), default=None),
        "largest_rate_difference": max((abs(a["lr"] - b["lr"]) / a["lr"] for a, b in pairs), default=None),
        "differing_values": len(differing),
        "steps_out_of_place": sum(
            line.get("step") != expected for expected, line in enumerate(repeated, start=after + 1)
        ),
        "notes": [f"step {step}: {name} differs" for step, name in differing[:5]],
    }
