"""Speed: decode samples of our decoder and of transformers on one held-out prompt, taken in turns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specship.files import write_json
from specship.pipeline.evaluation.python_prompts import checkpoint_and_prompts
from specship.pipeline.stage import Settings, Stage, Work


class SpeedSettings(Settings):
    """How speed is sampled."""

    samples: Annotated[int, Field(ge=1)]
    """Of each decoder, after a warm-up."""
    tokens: Annotated[int, Field(ge=2)]
    """New tokens a sample; the first of them belongs to the prompt's time."""
    context_tokens: Annotated[int, Field(ge=8)]
    """Longest prompt."""
    threads: Annotated[int, Field(ge=1)]
    device: Literal["cpu", "cuda"]
    weights: Literal["stored", "float32", "bfloat16"] = "stored"
    """What matrices are held in."""
    compiled: bool = True
    """By the C compiler, on CUDA as a graph; without a compiler it is eager, and recorded so."""


STAGE = Stage(
    makes="speed",
    lifecycle="inference",
    needs=("checkpoint", "corpus"),
    settings={"speed": SpeedSettings},
    packages=("torch", "transformers", "tokenizers", "numpy"),
)


def run(work: Work) -> None:
    """Sample, and keep every sample with its token ids.

    Raises:
        UnusableInput: the checkpoint cannot be used.
        RequirementMissing: the device is not here.
    """
    from specship.pipeline.inference.decode_bench import bench

    settings: SpeedSettings = work.settings["speed"]
    _, _, [prompt] = checkpoint_and_prompts(work, count=1, context_tokens=settings.context_tokens)
    figures = bench(
        work.inputs["checkpoint"],
        prompt_ids=prompt.token_ids,
        **settings.model_dump(exclude={"context_tokens"}),
    )
    write_json(work.output / "speed.json", {"format": "specship-speed/1", **figures})
    work.report(1, 1, "benches", tokens_per_second=figures["tokens_per_second"])
