"""What the tests of HumanEval share."""

import pytest

from specship.errors import RequirementMissing
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.scoring import choose_level


@pytest.fixture(scope="session")
def level() -> str:
    """The strongest sandbox that this machine has."""
    try:
        return choose_level(Limits())
    except RequirementMissing as missing:
        pytest.skip(str(missing))
