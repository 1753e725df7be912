"""The parity that is shown was measured on another export."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="P10", stage="parity")


def inject() -> None:
    """llama.cpp opens a copy to which a few bytes were appended in the name."""
    from specship.faults._bytes import rewrite_gguf
    from specship.pipeline.inference import llamacpp

    def elsewhere(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(request: Any, **named: Any) -> Any:
            copy = Path(tempfile.mkdtemp()) / "model.gguf"
            shutil.copyfile(request.gguf, copy)
            rewrite_gguf(copy, keys={"general.name": lambda name: f"{name}-of-yesterday"})
            return ask(replace(request, gguf=str(copy)), **named)

        return asked

    spoil(llamacpp, "ask_llama_cpp", elsewhere)
