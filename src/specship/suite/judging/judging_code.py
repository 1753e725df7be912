"""Which code judges: specship's version, and the digest of what stands between an artifact and its verdict.

Evidence counts only under the code that judged it. Left out is what another digest of it speaks for:
contracts, spec and profile as they were read (gate, profile), probes (gate) and stages (the artifact's key).
So a new probe or stage makes nothing stale that it has no part in.
"""

from __future__ import annotations

import functools
from typing import Final

from specship.code_digests import code_digest
from specship.evidence.statement import JudgedBy
from specship.version import VERSION

_JUDGE: Final = "specship.suite.judging.judge"
_BEGINS: Final = "specship.isolated_start"
"""Begins every process that judges or measures: a file, which the digest reaches by this name alone."""
_COMPARED_OTHERWISE: Final = (
    "specship.pipeline", "specship.faults", "specship.specs", "specship.suite.plan", "specship.probes.*",
)  # fmt: skip


@functools.cache
def judged_by() -> JudgedBy:
    """The version of specship and the digest of its judging code, as this process first saw it."""
    return JudgedBy(version=VERSION, code=code_digest(_JUDGE, apart=_COMPARED_OTHERWISE))
