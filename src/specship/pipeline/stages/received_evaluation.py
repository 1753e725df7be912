"""Received evaluation: the artifact itself, as a program of others laid it out."""

from __future__ import annotations

from specship.pipeline.received.receiving import received_stage, take
from specship.pipeline.stage import Work

STAGE = received_stage("evaluation")


def run(work: Work) -> None:
    """Take it over, once the promised bytes lie there and are of their kind.

    Raises:
        SpecshipError: as `take`.
    """
    take("evaluation", work)
