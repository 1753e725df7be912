"""The sequence of healthy variants: always the same, and each section that is named has another seed."""

from specship.suite.plan.healthy import HealthyFile, Variant

FILE = HealthyFile.model_validate(
    {
        "model": "MODEL-1",
        "measures": ["run"],
        "variants": [
            {"name": "wider", "settings": {"model": {"hidden_size": 64}}},
            {
                "name": "samples",
                "settings": {"generations": {"seed": 2}},
                "seeds": ["generations"],
                "measures": ["generations"],
            },
            {"name": "again", "settings": {"speed": {"samples": 5}}, "seeds": []},
        ],
    }
)


def test_a_longer_sequence_begins_with_a_shorter_one() -> None:
    names = [one.name for one in FILE.sequence(5)]

    assert names == ["wider", "samples", "again", "wider-again-1", "samples-again-1"]
    assert [one.name for one in FILE.sequence(2)] == names[:2]
    assert len(set(map(str, FILE.sequence(90)))) == 90


def test_only_seeds_that_are_named_are_others_each_time() -> None:
    wider, samples, again = FILE.sequence(6)[3:]

    assert wider.settings == {"model": {"hidden_size": 64}, "training": {"seed": 1000}}
    assert samples.settings == {"generations": {"seed": 1001}}
    assert again.settings == FILE.variants[2].settings
    assert [FILE.measured_of(one) for one in (wider, samples)] == [{"run"}, {"generations"}]


def test_those_that_ask_keep_their_seeds_whoever_else_asks() -> None:
    def sampled(variant: Variant) -> bool:
        return "generations" in variant.settings

    asked = FILE.sequence(3, sampled)

    assert [one.name for one in asked] == ["samples", "samples-again-1", "samples-again-2"]
    assert asked[1] == FILE.sequence(5)[4] == FILE.variant("samples-again-1")
    assert FILE.sequence(3, lambda _: False) == ()
    assert FILE.variant("samples-again-x") is None
