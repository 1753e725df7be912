"""The learning rate as a closed form of the step, so that anybody can compute it again.

Linear warm-up from 0 to the peak, then half a cosine from the peak to the floor, which is
reached at the last planned step and kept after it. Steps count from 1.
"""

from __future__ import annotations

import math


def learning_rate(step: int, *, peak: float, floor: float, warmup_steps: int, planned_steps: int) -> float:
    """Learning rate of a step (1 is the first).

    Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), one cycle, after a linear warm-up.
    """
    if step <= warmup_steps:
        return peak * step / warmup_steps
    if step >= planned_steps:
        return floor
    part = (step - warmup_steps) / (planned_steps - warmup_steps)
    return floor + (peak - floor) * 0.5 * (1.0 + math.cos(math.pi * part))
