"""How a problem is put to a model, and where what it writes ends.

A model that wants its chat template (see `pipeline.chat.decision`) gets the problem as a message that asks
for the whole function in a fenced block; any other gets the problem's own text and writes on. That text goes
without the line end behind it: many tokenizers join it with the indentation that follows, and a model that
never saw it alone stops there. The program that is scored is the whole prompt all the same. The decision is
the checkpoint's, never an option, and it is recorded: between the two, the same weights differ by tens of
problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.pipeline.chat.decision import chat_decision
from specship.pipeline.chat.rendering import render_all
from specship.pipeline.chat.template import read_template
from specship.pipeline.evaluation.humaneval.extraction import ANY, STOPS, Thoughts
from specship.pipeline.evaluation.humaneval.problems import ProblemFile
from specship.pipeline.evaluation.model_identity import CHAT, PLAIN
from specship.pipeline.inference.open_model import TextModel

INSTRUCTION: Final = (
    "Complete the following Python function. Answer with the whole function, imports included, "
    "in one block of code.\n\n```python\n{prompt}\n```"
)
"""The message of a chat model; `{prompt}` is the problem's own text without blanks at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompting:
    """The prompts of all problems, by task, and the rules by which a completion ends."""

    prompt_format: str
    texts: Mapping[str, str]
    stop_ids: tuple[int, ...]
    """Tokens at which it ends."""
    stop_texts: tuple[str, ...]
    """Texts at which it ends; the scorer cuts it there."""
    thoughts: Thoughts = ANY
    """How its thoughts are told from its answer."""

    def token_ids(self, tokenizer: Any, task_id: str) -> list[int]:
        """A prompt's tokens; a chat template has written its special tokens itself."""
        found = tokenizer.encode(self.texts[task_id], add_special_tokens=self.prompt_format == PLAIN)
        return [int(number) for number in found.ids]

    def as_json(self) -> dict[str, Any]:
        """The rules, for the evidence."""
        return {
            "instruction": INSTRUCTION if self.prompt_format == CHAT else "{prompt}",
            "stop_ids": list(self.stop_ids),
            "stop_texts": list(self.stop_texts),
            "thoughts": {"tags": [list(pair) for pair in self.thoughts.tags], "begun": self.thoughts.begun},
        }


def prompting(path: Path, opened: TextModel, problems: ProblemFile) -> Prompting:
    """How this model is asked.

    Raises:
        UnusableInput: its chat template cannot be rendered.
        DamagedArtifact: a file of the checkpoint cannot be read.
    """
    decision = chat_decision(path)
    prompts = {task: problem.prompt.rstrip() for task, problem in problems.problems.items()}
    stops = {*opened.shape.eos_ids, *decision.stop_ids}
    if not decision.wants:
        return Prompting(prompt_format=PLAIN, texts=prompts, stop_ids=tuple(sorted(stops)), stop_texts=STOPS)
    asked = [[{"role": "user", "content": INSTRUCTION.format(prompt=text)}] for text in prompts.values()]
    texts = dict(zip(prompts, render_all(path, asked), strict=True))
    if decision.end_of_turn_id is not None:
        stops.add(decision.end_of_turn_id)
    template = read_template(path)
    return Prompting(
        prompt_format=CHAT,
        texts=texts,
        stop_ids=tuple(sorted(stops)),
        stop_texts=(),
        thoughts=Thoughts.of_template(template.text if template else "", next(iter(texts.values()))),
    )
