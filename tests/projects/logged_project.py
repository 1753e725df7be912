"""A project whose model was trained by another program: its log, and gates about it."""

import json
import math
from pathlib import Path
from typing import Any

from tests.models.foreign_checkpoints import foreign
from tests.projects.small_project import make_project

GATES = """\
contract_id: run-of-another
version: 1.0.0
stage: train
summary: What the log of another program must show.
gates:
  - id: GATE-RUN-001
    rule: The learning rate was the one that was meant.
    binds_to: [AC-SMALL-001]
    ship_blocking: true
    probe: run.schedule
    expect:
      largest_deviation: {at_most: 0.001, unit: ratio}
      distinct_rates: {at_least: 10, unit: rates}
    falsified_by:
      schedule-not-applied: [largest_deviation, distinct_rates]
      learning-rate-zero: [largest_deviation, distinct_rates]
  - id: GATE-RUN-002
    rule: The log is whole, and no figure is a placeholder.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: run.log
    expect:
      missing_steps: {equals: 0, unit: steps}
      placeholder_steps: {equals: 0, unit: steps}
      longest_constant_loss: {at_most: 2, unit: steps}
    falsified_by:
      log-lines-lost: [missing_steps]
      corpus-exhaustion-placeholder: [placeholder_steps, longest_constant_loss]
  - id: GATE-RUN-003
    rule: The run made the weights that ship.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: run.made_checkpoint
    expect:
      other_weights: {equals: 0, unit: files}
    falsified_by:
      weights-of-another-run: [other_weights]
  - id: GATE-RUN-004
    rule: Gradients stay within the limit after clipping.
    binds_to: [AC-SMALL-003]
    ship_blocking: true
    probe: run.clipping
    expect:
      largest_after_over_limit: {at_most: 1.0001, unit: ratio}
    falsified_by:
      clipping-disabled: [largest_after_over_limit]
"""
PROFILE = """\
profile: {name}
kind: {name}
summary: The log of a run.
pipeline:
  MODEL-1:
    logged:
      folder: theirs
      source: a Trainer
      declared:
        schedule: {{peak: 0.001, warmup_steps: 20, planned_steps: {planned}}}
        clip_norm: 1.5
    received: {{folder: theirs/checkpoint-200, source: a Trainer}}
"""


def trainer_state(steps: int = 200, every: int = 5, **more: Any) -> dict[str, Any]:
    """A Trainer's state: cosine after a warm-up of 20 steps, a loss that falls with some noise."""
    history: list[dict[str, Any]] = []
    for step in range(every, steps + 1, every):
        rate = 0.001 * (
            step / 20 if step < 20 else 0.5 * (1 + math.cos(math.pi * (step - 20) / (steps - 20)))
        )
        noise = math.sin(12.9898 * step) * 43758.5453 % 1  # in 0..1, and no line
        loss = round(2.0 + 4.9 * math.exp(-step / 60) + 0.04 * (noise - 0.5), 4)
        history.append(
            {
                "epoch": step / 100,
                "grad_norm": 0.5 + noise,
                "learning_rate": rate,
                "loss": loss,
                "step": step,
            }
        )
        if step % 40 == 0:
            held_out = 2.1 + 4.8 * math.exp(-step / 60)
            history.append({"epoch": step / 100, "eval_loss": held_out, "eval_runtime": 0.1, "step": step})
    return {
        "global_step": steps,
        "max_steps": steps,
        "epoch": steps / 100,
        "num_train_epochs": 2,
        "logging_steps": every,
        "log_history": history,
        **more,
    }


def write_run(folder: Path, **more: Any) -> Path:
    """Such a run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trainer_state.json").write_text(json.dumps(trainer_state(**more), indent=2) + "\n")
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt_neox", "vocab_size": 1024}))
    return folder


def logged_project(folder: Path, *, planned: int = 200) -> Path:
    """The small project with a received run in the place of its corpus, and the weights that the run made."""
    root = make_project(folder, files=0)
    write_run(root / "theirs")
    foreign("llama").write(root / "theirs/checkpoint-200")
    (root / "contracts/small-v1.yaml").unlink()
    (root / "contracts/run-of-another-v1.yaml").write_text(GATES)
    for name in ("rehearsal", "release"):
        profile = PROFILE.format(name=name, planned=planned)
        (root / f"specs/small/profiles/{name}.yaml").write_text(profile)
    return root
