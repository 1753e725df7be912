"""Settings that decide how much is looked at have a direction, each of them."""

import re

import pytest

from specship.pipeline.registry import all_stages
from specship.review.records import Direction
from specship.review.settings import MORE_IS_STRICTER, direction_of

OTHERWISE = {
    "completions.judged", "foreign.rows_multiple", "generations.context_tokens", "generations.judged",
    "harness.problems", "humaneval.problems", "initial.checkpoint", "parity.context_tokens",
    "shards.shard_tokens", "speed.context_tokens", "training.warmup_steps",
}  # fmt: skip
"""Names that sound like an amount of what is looked at, and are something else: a room, a file, a schedule."""
AMOUNT = re.compile(
    r"(tokens|steps|prompts|samples|headers|runs|problems|judged|checkpoint|rounding|tolerance|multiple)$"
)
ALL = {
    f"{section}.{key}"
    for stage in all_stages().values()
    for section, record in stage.settings.items()
    for key in record.model_fields
}


def test_every_setting_that_sounds_like_an_amount_was_thought_about() -> None:
    assert MORE_IS_STRICTER.keys() <= ALL, "a name that is misspelt has no direction"
    assert (
        {name for name in ALL if AMOUNT.search(name)} - MORE_IS_STRICTER.keys() - OTHERWISE
        == {
            "baseline.train_tokens"  # less of it weakens the baseline, and more of it takes longer: nobody can order it
        }
    )


@pytest.mark.parametrize("name", sorted(MORE_IS_STRICTER))
def test_more_and_less_are_mirror_images(name: str) -> None:
    less, more = (("a",), ("a", "b")) if name == "completions.headers" else (0.25, 0.5)
    looser, stricter = (less, more) if MORE_IS_STRICTER[name] else (more, less)

    assert direction_of(name, stricter, looser) == Direction.WEAKENED
    assert direction_of(name, looser, stricter) == Direction.STRENGTHENED
    assert direction_of(name, less, less) == Direction.NEUTRAL


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("completions.headers", ("a", "b"), ("a", "c")),  # as many, and others
        ("completions.headers", ("a",), ("b", "c")),
        ("training.steps", 100, "many"),
        ("training.steps", 100, True),
        ("training.seed", 1, 2),
        ("gone.setting", 1, 2),
    ],
)
def test_what_nobody_can_order_measures_otherwise(name: str, before: object, after: object) -> None:
    assert direction_of(name, before, after) == Direction.OTHERWISE
    assert direction_of(name, after, before) == Direction.OTHERWISE


def test_a_value_that_is_not_written_is_the_default_of_its_stage() -> None:
    assert direction_of("training.steps", None, 99) == Direction.WEAKENED
    assert direction_of("training.steps", 100, None) == Direction.NEUTRAL
    assert direction_of("parity.steps", None, 5) == Direction.OTHERWISE, (
        "it must be written, so it was another"
    )
