"""What a new probe begins with: an example that opens the artifact it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Example(NamedTuple):
    """The parts of a probe that differ from artifact to artifact."""

    names: str
    """Public names that it needs beside those of every probe."""
    declared: str
    """Its denominator and its quantities with their units."""
    says: str
    """What they are, in a sentence."""
    body: str
    """Statements of the function; `$artifact` is its parameter."""


_FILES: Final = Example(
    "",
    'checked="files", files="files", empty_files="files", size="bytes"',
    "How many files the artifact has, how many of them are empty, and their size together.",
    """\
    sizes = [path.stat().st_size for path in sorted($artifact.path.rglob("*")) if path.is_file()]
    return {"files": len(sizes), "empty_files": sizes.count(0), "size": sum(sizes)}
""",
)
_MODEL: Final = """\
    model = open_model(%s)
    ids = model.tokenizer().encode("def add(a, b):", add_special_tokens=False).ids
    return {"texts": 1, "tokens": len(ids), "rows": model.shape.vocabulary}
"""
_OPENED: Final = 'checked="texts", texts="texts", tokens="tokens", rows="rows"'
_SAYS: Final = (
    "How many tokens its tokenizer cuts a line of Python into, and how many rows its embedding has."
)
EXAMPLES: Final[Mapping[str, Example]] = {
    "corpus": Example(
        "read_documents",
        'checked="documents", documents="documents", shortest="characters"',
        "How many documents there are in both splits, and how long the shortest is.",
        """\
    texts = [one.text for split in ("train", "heldout") for one in read_documents($artifact.path, split)]
    return {"documents": len(texts), "shortest": min((len(text) for text in texts), default=0)}
""",
    ),
    "checkpoint": Example("open_model", _OPENED, _SAYS, _MODEL % "$artifact.path"),
    "gguf": Example("open_model", _OPENED, _SAYS, _MODEL % 'next($artifact.path.glob("*.gguf"))'),
    "run": Example(
        "read_facts",
        'checked="steps", steps="steps", last_loss="nats/token"',
        "How many steps have a record, and the loss of the last one, whoever wrote the log.",
        """\
    facts, _ = read_facts($artifact.path)
    losses = [step.loss for step in facts.steps if step.loss is not None]
    return {"steps": len(facts.steps), "last_loss": losses[-1] if losses else None}
""",
    ),
}
"""By artifact; any other is looked at file by file."""


def example_for(artifact: str) -> Example:
    """The example about an artifact."""
    return EXAMPLES.get(artifact, _FILES)
