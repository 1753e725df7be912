"""Completions that a model writes for this evaluation, kept so that anybody can have it write them again.

Every sample has a seed of its own, drawn from the evaluation's seed, its task and its number: a shard or a
run that was killed writes the same samples as one that was not. The file is a heading (digests of the
model and the problems, how it was asked, sampling, stop rules), then one line a sample in their order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from specship.bounds import COMPLETION_LINES
from specship.digests import sha256_file
from specship.errors import UnusableInput
from specship.pipeline.evaluation.humaneval.extraction import CHANNEL_TOKENS
from specship.pipeline.evaluation.humaneval.problems import CompletionFile, ProblemFile, Sample
from specship.pipeline.evaluation.humaneval.prompting import prompting
from specship.pipeline.evaluation.humaneval.samples import SAMPLES_FORMAT, Generated, SampleFile, read_samples
from specship.pipeline.evaluation.model_identity import model_identity
from specship.pipeline.inference.any_model import load_decoder, open_any_model
from specship.pipeline.inference.drawing import Sampling
from specship.pipeline.inference.text_decoder import STOP_TOKEN, Completion, Request

NO_ROOM: Final = "no-room"
"""The prompt leaves no room in the context: nothing was written, and the sample failed."""
_TAIL: Final = 24
"""Tokens that are looked at for a stop text after each one; the longest stop has ten characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationTask:
    """What is asked of the model."""

    samples: int = 1
    """Completions a problem."""
    temperature: float = 0.0
    """0 is greedy, which has one completion."""
    seed: int = 0
    max_tokens: int = 512
    shard: tuple[int, int] = (1, 1)
    """Which part, from 1, of how many: every so many-th sample."""

    def __post_init__(self) -> None:
        if self.samples < 1 or self.max_tokens < 1:
            raise UnusableInput("fewer than one sample, or token", mend="give 1 or more")
        if not 0 <= self.temperature < float("inf"):
            raise UnusableInput(f"a temperature of {self.temperature}", mend="give 0 or more")
        if self.temperature == 0 and self.samples != 1:
            raise UnusableInput(
                "greedy decoding has one completion a problem",
                mend="give a temperature above 0, or one sample",
            )


def seed_of(seed: int, task_id: str, index: int) -> int:
    """The seed of one sample, of 63 bits."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{task_id}\n{index}".encode()).digest()[:8], "big") >> 1


class Generator:
    """A model that is open, with the prompts of all problems."""

    def __init__(
        self, path: Path, problems: ProblemFile, generation: GenerationTask, *, device: str = "cpu"
    ) -> None:
        """Open and load it.

        Raises:
            UnusableInput: it is no model, or its chat template cannot be rendered.
            DamagedArtifact: a file of it cannot be read.
            RequirementMissing: the device is not here.
        """
        opened = open_any_model(path)
        self.generation: Final = generation
        self.problems: Final = problems
        self.prompting: Final = prompting(path, opened, problems)
        self._tokenizer = opened.tokenizer()
        tags = {tag for pair in self.prompting.thoughts.tags for tag in pair}
        added = self._tokenizer.get_added_tokens_decoder()
        if any(token.content == "<|channel|>" for token in added.values()):
            tags.update(CHANNEL_TOKENS)
        self._tags = {number: token.content for number, token in added.items() if token.content in tags}
        self._ids = {task: self.prompting.token_ids(self._tokenizer, task) for task in problems.problems}
        longest = max(map(len, self._ids.values()))
        self._decoder = load_decoder(opened, device=device, context=longest + generation.max_tokens)
        self._about = model_identity(path, opened, self.prompting.prompt_format)
        del self._about["model"]  # where it lies belongs to a machine, not to what it is

    def heading(self) -> dict[str, Any]:
        """All that the samples depend on, the shard apart."""
        sampling = {name: value for name, value in asdict(self.generation).items() if name != "shard"}
        found = {
            **self._about,
            **self.prompting.as_json(),
            "sampling": {**sampling, "top_k": 0, "top_p": 1.0},
            "engine": self._decoder.engine,
            "context": self._decoder.context,
            "device": self._decoder.device.type,
        }
        plain: dict[str, Any] = json.loads(json.dumps(found))  # as a file gives it back
        return plain

    def keys(self) -> list[tuple[str, int]]:
        """Every sample of the whole evaluation, in order."""
        return [(task, index) for task in self.problems.problems for index in range(self.generation.samples)]

    def write(self, keys: Sequence[tuple[str, int]]) -> Iterator[Generated]:
        """Some samples, in their order; many are written at once."""
        rooms = [self._room(task_id) for task_id, _ in keys]
        asked = [number for number, room in enumerate(rooms) if room > 0]
        written = self._decoder.generate_many(
            [self._request(*keys[number], rooms[number]) for number in asked],
            sampling=Sampling(temperature=self.generation.temperature),
            stop_ids=self.prompting.stop_ids,
            ends=lambda at, found: self._stops(self._ids[keys[asked[at]][0]], found),
        )
        done = {
            number: Generated(*keys[number], "", 0, NO_ROOM) for number, room in enumerate(rooms) if room < 1
        }
        for number in range(len(keys)):
            while number not in done:
                at, completion = next(written)
                done[asked[at]] = self._generated(keys[asked[at]], completion)
            yield done.pop(number)

    def _room(self, task_id: str) -> int:
        return min(self.generation.max_tokens, self._decoder.context - len(self._ids[task_id]))

    def _request(self, task_id: str, index: int, room: int) -> Request:
        return Request(self._ids[task_id], room, seed_of(self.generation.seed, task_id, index))

    def _generated(self, key: tuple[str, int], completion: Completion) -> Generated:
        found = list(completion.token_ids)
        ended = completion.stop_reason == STOP_TOKEN
        text = self._text(self._ids[key[0]], found[:-1] if ended else found)
        return Generated(*key, text, len(found), completion.stop_reason)

    def _stops(self, prompt_ids: Sequence[int], found: Sequence[int]) -> bool:
        tail = self._decoded(found[-_TAIL:])
        stops = self.prompting.stop_texts
        return any(stop in tail for stop in stops) and any(
            stop in self._text(prompt_ids, found) for stop in stops
        )

    def _text(self, prompt_ids: Sequence[int], found: Sequence[int]) -> str:
        """What stands behind the prompt; alone, some tokenizers drop its first blank: indentation."""
        before, whole = self._decoded(prompt_ids), self._decoded([*prompt_ids, *found])
        return whole.removeprefix(before) if whole.startswith(before) else self._decoded(found)

    def _decoded(self, ids: Sequence[int]) -> str:
        """Special tokens have no text, but for tags of thoughts: without them a draft would be an answer."""
        parts, begin = [], 0
        for place, number in enumerate(ids):
            if number in self._tags:
                parts += [self._tokenizer.decode(ids[begin:place]), self._tags[number]]
                begin = place + 1
        return "".join([*parts, self._tokenizer.decode(ids[begin:])])


def generate(
    generator: Generator,
    out: Path,
    *,
    report: Callable[..., None] | None = None,
    earlier: Path | None = None,
) -> CompletionFile:
    """Write every sample of the shard that `out` does not hold yet; what it holds is what was written.

    `earlier` is the file of a greedy run of the same model, whose samples are these.

    Raises:
        UnusableInput: `out` holds samples of another evaluation, or there are too many to score.
        DamagedArtifact: a line of it is no sample of this one.
        CannotWrite: the disk refuses.
    """
    part, parts = generator.generation.shard
    keys = generator.keys()
    if len(keys) > COMPLETION_LINES:
        raise UnusableInput(f"more than {COMPLETION_LINES} samples", mend="ask for fewer samples a problem")
    generated = generator.heading()
    heading = {
        "format": SAMPLES_FORMAT,
        "problems_sha256": generator.problems.sha256,
        **generated,
        "shard": [part, parts],
    }
    file = SampleFile(out, heading, keys[part - 1 :: parts])
    wanted = keys[part - 1 :: parts][len(file.known) :]
    samples = generator.write(wanted) if earlier is None else _copied(earlier, wanted, generator)
    for done, sample in enumerate(samples, start=1):
        file.append(sample)
        if report:
            report(done, len(wanted), "samples")
    file.close()
    scored = tuple(_sample(one, generator) for one in file.known)
    return CompletionFile(scored, sha256_file(out), generated, len(keys))


def _sample(one: Generated, generator: Generator) -> Sample:
    if one.stop_reason != NO_ROOM:
        return Sample(one.task_id, one.index, one.completion)
    context = generator.heading()["context"]
    return Sample(one.task_id, one.index, "", f"the prompt does not fit the context of {context} tokens")


def _copied(earlier: Path, wanted: Sequence[tuple[str, int]], generator: Generator) -> Iterator[Generated]:
    """What an earlier greedy run wrote: the same model writes the same again."""
    heading, samples = read_samples(earlier)
    own = generator.heading()
    own["sampling"]["seed"] = heading.get("sampling", {}).get("seed")
    if generator.generation.temperature or {**heading, **own} != heading:
        raise UnusableInput("no greedy samples of the same model", at=earlier, mend="write them again")
    known = {(one.task_id, one.index): one for one in samples}
    return (known[key] for key in wanted)


def regenerate(generator: Generator, records: Sequence[Generated]) -> list[Generated]:
    """What the model writes for samples today; equal to the records, or they are not this model's."""
    return list(generator.write([(one.task_id, one.index) for one in records]))
