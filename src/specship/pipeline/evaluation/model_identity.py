"""What every evaluation records of its model, so that only figures that may be compared are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_bytes
from specship.pipeline.chat.decision import chat_decision
from specship.pipeline.inference.open_model import TextModel

PLAIN: Final = "plain text"
CHAT: Final = "chat template"


def model_identity(path: Path, opened: TextModel, prompt_format: str = PLAIN) -> dict[str, Any]:
    """Digests of weights and tokenizer, how prompts were given, and whether the model wants a template.

    Raises:
        UnusableInput: its template cannot be rendered.
        DamagedArtifact: a file of it cannot be read.
    """
    return {
        "model": str(path),
        "weights_digest": opened.weights_digest(),
        "tokenizer_digest": sha256_bytes(opened.tokenizer().to_str().encode()),
        "prompt_format": prompt_format,
        "chat": asdict(chat_decision(path)),
    }
