"""llama.cpp's own converter, run on one folder in a process of its own.

    python -I -m specship.pipeline.export.converter_child  < request.json  > answer.json

It tells pre-tokenizers by the digest of their output on the vocabularies of released models. One that
somebody learned is not among them: then it is told the name that our own reading of the patterns gives.
"""

from __future__ import annotations

import os
import resource
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

from specship.pipeline.child import answer_parent

_LONGEST = 600


def _name_unknown_pre_tokenizers(pre: str) -> None:
    """Have the converter take this name where it knows none."""
    try:
        from conversion import base  # type: ignore[import-not-found]
    except ImportError:  # an older one, all of it in one file
        return
    known = base.TextModel.get_vocab_base_pre

    def named(self: Any, tokenizer: Any) -> Any:
        try:
            return known(self, tokenizer)
        except NotImplementedError:
            return pre

    base.TextModel.get_vocab_base_pre = named


def _converted(request: dict[str, Any]) -> dict[str, Any]:
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["most_bytes"], request["most_bytes"]))
    converter = Path(request["converter"])
    sys.path[:0] = [str(converter.parent), str(converter.parent / "gguf-py")]
    if request["pre"]:
        _name_unknown_pre_tokenizers(request["pre"])
    sys.argv = [str(converter), request["folder"], *request["options"]]
    try:
        runpy.run_path(str(converter), run_name="__main__")
    except SystemExit as end:
        return {} if not end.code else {"refusal": f"it ended with status {end.code}"}
    except Exception as error:  # noqa: BLE001 - whatever it raises is its refusal
        traceback.print_exc()
        return {"refusal": f"{type(error).__name__}: {error}"[:_LONGEST]}
    return {}


if __name__ == "__main__":
    answer_parent(_converted)
