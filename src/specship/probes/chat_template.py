"""A model's chat template: rendered here and by llama.cpp, against a text that a person wrote down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from specship.pipeline.chat.decision import chat_decision
from specship.pipeline.chat.rendering import render
from specship.pipeline.chat.template import read_template
from specship.pipeline.comparison.chat_templates import compare_renderings
from specship.pipeline.evaluation.inference_records import GENERATIONS_ABOUT
from specship.pipeline.evaluation.model_identity import CHAT, PLAIN
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_ASK: Final = {"role": "user", "content": "Write a function that adds two numbers."}
_ANSWER: Final = {"role": "assistant", "content": "```python\ndef add(a, b):\n    return a + b\n```"}
_CONVERSATIONS: Final = (
    (_ASK,),
    ({"role": "system", "content": "Answer with code only."}, _ASK),
    (_ASK, _ANSWER, {"role": "user", "content": "And three?"}),
    ({"role": "user", "content": "  caf\u00e9 \u4f60\u597d \U0001f600\n\n\ttabs, 'quotes' & <tags>  "},),
    ({"role": "user", "content": "{{ 7 * 7 }} {% for x in y %} {# no #}"},),
)
"""One message, a system message, several turns, white space and signs, and what looks like a template."""


@probe(
    "chat.template",
    checked="conversations",
    conversations="conversations",
    differing_texts="conversations",
    differing_ids="conversations",
    tokens="tokens",
    same_template="text",
    golden="text",
    wants_template="text",
    evaluations="evaluations",
    evaluations_silent="evaluations",
)
def chat_template(checkpoint: Artifact, gguf: Artifact, completions: Artifact) -> Figures:
    """Five conversations through the checkpoint's tokenizer and template, and through llama.cpp's.

    `golden` is our rendering of the first one, for a contract to say what it has to be. Where one of both
    has no template, all conversations differ and nothing is rendered. `evaluations_silent` counts
    evaluations whose record does not say whether the template was used, or gives another decision than
    the checkpoint does. Raises UnusableInput for a template that cannot be rendered.
    """
    exported = gguf.path / "model.gguf"
    there = read_template(checkpoint.path) is not None and read_template(exported) is not None
    found = compare_renderings(checkpoint.path, exported, _CONVERSATIONS) if there else None
    decision = json.loads(json.dumps(asdict(chat_decision(checkpoint.path))))
    records = [completions.path / GENERATIONS_ABOUT]
    silent = [path for path in records if not _says(path, decision)]
    first = found.first_difference if found else "the checkpoint or its export has no template"
    return {
        "conversations": len(_CONVERSATIONS),
        "differing_texts": found.differing_texts if found else len(_CONVERSATIONS),
        "differing_ids": found.differing_ids if found else len(_CONVERSATIONS),
        "tokens": found.tokens if found else None,
        "same_template": "yes" if found and found.same_template else "no",
        "golden": render(checkpoint.path, _CONVERSATIONS[0]) if found else None,
        "wants_template": "yes" if decision["wants"] else "no",
        "evaluations": len(records),
        "evaluations_silent": len(silent),
        "notes": [decision["why"]] + ([first] if first else []),
    }


def _says(path: Path, decision: Mapping[str, Any]) -> bool:
    """Whether an evaluation's record gives the prompt's format, and the decision that holds today."""
    record = read_json(path)
    return (
        isinstance(record, dict)
        and record.get("prompt_format") in {PLAIN, CHAT}
        and record.get("chat") == decision
    )
