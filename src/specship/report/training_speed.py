"""The speed of a training for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def speed_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A figure a line; shares of the peak by both counts of attention's work."""
    low, high = found["step_seconds_spread"]
    yield f"speed        {found['tokens_per_second']:.0f} tokens/s"
    yield (
        f"step         {found['step_seconds_median']:.4g} s for {found['tokens_per_step']} tokens: median of "
        f"{found['steps']}, {low:.4g} to {high:.4g}, after {found['warm_up_seconds']:.3g} s to warm up"
    )
    yield f"peak         {found['peak_flops_per_second']:.4g} FLOP/s: one square product of random numbers"
    yield f"own shapes   {found['own_shapes_flops_per_second']:.4g} FLOP/s: the model's products alone"
    yield (
        f"utilisation  {found['utilisation']:.1%} of the peak (attention counted whole: "
        f"{found['utilisation_full']:.1%}), {found['utilisation_of_own_shapes']:.1%} of the own shapes"
    )
    yield "split        " + ", ".join(f"{name} {share:.2%}" for name, share in found["split"].items())
    more = max(0, found["memory_bytes"] - found["memory_before_bytes"])
    yield (
        f"memory       {found['memory_bytes'] / 2**20:.0f} MiB, {more / 2**20:.0f} of it since the model was "
        "built"
    )
    yield f"on           {found['device_name']}, {found['threads']} threads; {_how(found['execution'])}"


def _how(execution: Mapping[str, Any]) -> str:
    compiled = "compiled" if execution["compiled"] else f"not compiled ({execution['why_eager']})"
    kernels = "deterministic" if execution["deterministic"] else "fastest"
    return f"{execution['precision']}, {compiled}, {kernels} kernels"
