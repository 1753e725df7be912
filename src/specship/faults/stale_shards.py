"""The shards were made with another tokenizer than the one beside them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C8", stage="shards")


def inject() -> None:
    """What encodes is the tokenizer of yesterday, in which two pieces had each other's ids."""
    from specship.pipeline.stages import shards

    def stale(run: Callable[[Any], None]) -> Callable[[Any], None]:
        def made(work: Any) -> None:
            with tempfile.TemporaryDirectory() as name:
                older = Path(name) / "tokenizer"
                shutil.copytree(work.inputs["tokenizer"], older)
                _exchange_two_ids(older / "tokenizer.json")
                run(replace(work, inputs={**work.inputs, "tokenizer": older}))

        return made

    spoil(shards, "run", stale)


def _exchange_two_ids(path: Path) -> None:
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    pieces = tokenizer["model"]["vocab"]
    first, second = sorted(pieces, key=pieces.__getitem__)[-2:]
    pieces[first], pieces[second] = pieces[second], pieces[first]
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
