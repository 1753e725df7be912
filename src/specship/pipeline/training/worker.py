"""One of several processes that train a model: a request as JSON comes in, events as JSON lines go out.

Started by `specship pretrain --nproc N` (see `many_processes`). The first one's last line is the outcome.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from specship.errors import SpecshipError
from specship.pipeline.parallel.beats import error_path
from specship.pipeline.parallel.group import RankGroup
from specship.pipeline.parallel.supervisor import PEER_GONE
from specship.pipeline.stage import ProgressWriter
from specship.pipeline.training.ranks import WORKER_GONE
from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings
from specship.pipeline.training.termination import TerminationWatch
from specship.pipeline.training.training import pretrain


def recipe_from(plain: dict[str, Any]) -> Recipe:
    """The recipe that `Recipe.as_json` wrote."""
    model = plain["model"]
    return Recipe(
        ModelSettings.model_validate(model) if model is not None else None,
        TrainingSettings.model_validate(plain["training"]),
    )


def main() -> None:
    """Train along; 0 once there is an outcome, 2 on an error, 75 where another one is missing."""
    request = json.load(sys.stdin)
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    run, rank = Path(request["output"]), int(os.environ["RANK"])
    try:
        recipe = recipe_from(request["recipe"])
        group = RankGroup.join(
            recipe.training.device,
            sharing=request["sharing"],
            timeout_seconds=request["timeout_seconds"],
            supervised=True,
        )
        outcome = pretrain(
            recipe,
            Path(request["tokenizer"]),
            Path(request["shards"]),
            run,
            ProgressWriter(protocol) if group.is_main else None,
            initial=Path(request["initial"]) if request["initial"] else None,
            bypasses=request["bypasses"],
            watch=TerminationWatch(signal.SIGTERM, signal.SIGINT),
            group=group,
        )
    except SpecshipError as error:
        _leave(2, run, rank, str(error))
    except RuntimeError as error:  # an exchange outside the steps failed
        _leave(PEER_GONE, run, rank, str(error))
    if outcome.reason.startswith(WORKER_GONE):
        _leave(PEER_GONE, run, rank, outcome.reason)
    if outcome.status == "aborted":  # of this process alone, perhaps
        error_path(run, rank).write_text(outcome.reason + "\n", encoding="utf-8")
    print(json.dumps({"event": "outcome", **asdict(outcome)}), file=protocol, flush=True)
    group.close()


def _leave(status: int, run: Path, rank: int, error: str) -> NoReturn:
    """End at once: what torch would wait for at the end of Python does not come."""
    with contextlib.suppress(OSError):
        error_path(run, rank).write_text(error + "\n", encoding="utf-8")
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
