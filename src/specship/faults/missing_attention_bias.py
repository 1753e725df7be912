"""The biases of the attention's projections are not exported."""

from __future__ import annotations

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K3", stage="gguf")


def inject() -> None:
    """The table of tensors is that of the family's first members, which had none."""
    from specship.pipeline.gguf import names

    spoil(names, "_has_bias", lambda _: lambda *_arguments: False)
