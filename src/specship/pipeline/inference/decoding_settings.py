"""Settings that every stage has which lets a model write, and the sampling that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from specship.pipeline.stage import Settings

if TYPE_CHECKING:
    from specship.pipeline.inference.drawing import Sampling

Decoding = Literal["greedy", "sampled"]


class DecodingSettings(Settings):
    """How completions are decoded."""

    new_tokens: Annotated[int, Field(ge=8)]
    """Token limit of a completion."""
    judged: Decoding
    """The decoding whose completions count."""
    samples: Annotated[int, Field(ge=1)]
    """Judged completions a prompt, each with its own seed; 1 where greedy is judged."""
    temperature: Annotated[float, Field(gt=0)]
    """Divides the logits before sampling; smaller is more certain."""
    top_k: Annotated[int, Field(ge=0)]
    """Only so many likeliest tokens are sampled from; 0 sets no limit."""
    top_p: Annotated[float, Field(gt=0, le=1)]
    """Only the likeliest tokens that hold this share of probability are sampled from."""
    seed: int
    """Fixes what is sampled."""
    threads: Annotated[int, Field(ge=1)]
    """CPU threads; figures and sums depend on it."""
    device: Literal["cpu", "cuda"]
    """Where it is computed."""

    @model_validator(mode="after")
    def _greedy_has_one_answer(self) -> Self:
        if self.judged == "greedy" and self.samples != 1:
            raise ValueError("greedy decoding has one completion a prompt: 'samples' is 1")
        return self

    def sampling(self, decoding: Decoding, seed: int) -> Sampling:
        """How the next token is drawn; greedy decoding has no seed."""
        from specship.pipeline.inference.drawing import Sampling

        if decoding == "greedy":
            return Sampling()
        return Sampling(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, seed=seed)
