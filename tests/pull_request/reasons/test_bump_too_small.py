"""Which step of the version is asked for, and which is taken."""

import pytest

from specship.pull_request.reasons.bump_too_small import reasons
from tests.pull_request.merge_facts import facts, review


@pytest.mark.parametrize(
    ("required", "declared", "says"),
    [
        ("major", "none", "the changes demand a major step of the version, and amendments declare no step"),
        ("major", "minor", "the changes demand a major step of the version, and amendments declare minor"),
        ("minor", "minor", ""),
        ("none", "patch", ""),
        ("none", "none", ""),
    ],
)
def test_a_step_that_is_too_small(required: str, declared: str, says: str) -> None:
    found = list(reasons(facts(review=review(required_bump=required, declared_bump=declared))))

    assert [told.says for told in found] == [says] * bool(says)
    assert all(told.mend == f"write an amendment with `bump: {required}`" for told in found)
