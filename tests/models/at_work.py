"""Networks of `transformers` in which every tensor does something, so that none can be wrong unseen."""

from typing import Any

import torch


def put_to_work(network: Any, spread: float = 0.3) -> None:
    """Random norms and biases in place of ones and zeros."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim == 1:
                parameter.copy_(torch.randn_like(parameter) * spread + float("norm" in name))
