"""How likely a model finds a text, and how likely somebody does who only counted its tokens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def counting_nats(pieces: Sequence[Sequence[int]]) -> float:
    """Nats a token of the best law without context, which is the text's own frequencies.

    No model that ignores what stands before a token can be better, and one that knows a language is
    better even on a text that it never saw.
    """
    counts = Counter(token for piece in pieces for token in piece)
    total = counts.total()
    return -sum(count / total * math.log(count / total) for count in counts.values())
