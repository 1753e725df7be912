"""Keys that stand where they help nobody."""

from specship.pull_request.reasons.refused_key import reasons
from tests.pull_request.merge_facts import facts


def test_a_key_is_told_by_the_first_line_at_the_settings() -> None:
    (told,) = reasons(facts(refused_keys=("trusted key A is refused\n  why: so",), folder="project"))

    assert (told.says, told.path, told.line) == ("trusted key A is refused", "project/pyproject.toml", 1)
    assert not list(reasons(facts()))
