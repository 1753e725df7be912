"""Tensors under other names than their family's, told as one thing: wrappers, adapters, quantization.

A model that is saved inside a wrapper (torch.compile, DDP, FSDP, PEFT, Lightning) carries the wrapper's
name in front of every tensor. Each would be missing and unexpected at once, and nothing else is wrong.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from specship.pipeline.checkpoint.weight_files import INDEX, WEIGHTS, Misfit, StoredWeights, shown_name
from specship.pipeline.model.decoder_shape import HEAD, TensorTable

_BODY: Final = "model."
_LAYER: Final = "layers.0.input_layernorm.weight"
"""A tensor that every family has; what stands in front of it is what the model was wrapped in."""
_WRAPPERS: Final = {
    "_orig_mod": "torch.compile",
    "_fsdp_wrapped_module": "FSDP",
    "_checkpoint_wrapped_module": "activation checkpointing",
    "_forward_module": "Lightning Fabric or DeepSpeed",
    "module": "DistributedDataParallel or DeepSpeed",
    "base_model": "PEFT",
    "base_layer": "PEFT",
    "language_model": "a model that reads more than text",
}
"""Parts of a name that belong to a wrapper, and whose they are."""
_ADAPTER: Final = re.compile(r".*\.(lora_[A-Za-z_]+|modules_to_save|ia3_l)\..*")
_QUANTIZED: Final = re.compile(
    r".*\.(qweight|qzeros|scales|g_idx|SCB|weight_(packed|scale|scale_inv|zero_point|shape|format)"
    r"|weight\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\..*))"
)
"""What GPTQ, AWQ, bitsandbytes, compressed-tensors, FP8 and MLX store beside a matrix, or instead of it."""
_STRIP: Final = (
    "import sys, pathlib; from safetensors.torch import load, save_file; [save_file("
    "{{n{change}: t for n, t in load(pathlib.Path(p).read_bytes()).items()}}, p, {{'format': 'pt'}}) "
    "for p in sys.argv[1:]]"
)


def unwrapped(
    folder: Path, weights: StoredWeights, expected: TensorTable
) -> tuple[StoredWeights, list[Misfit]]:
    """The weights under their family's names, and what stood in the way of them.

    Returned as they are where the names are the family's, or where leaving parts out gains nothing.
    """
    stored = [*weights.tensors, *weights.absent]
    plain = _plain_names(stored, expected)
    gained = _known(plain.values(), expected) - _known(stored, expected)
    misfits = []
    if gained > 0 and len(set(plain.values())) == len(plain):
        misfits = [_prefix(folder, plain, sharded=weights.files != (WEIGHTS,))]
        weights = replace(
            weights,
            tensors={plain[name]: held for name, held in weights.tensors.items()},
            absent=frozenset(plain[name] for name in weights.absent),
        )
    if adapter := sorted(filter(_ADAPTER.fullmatch, weights.tensors)):
        kept = {name: held for name, held in weights.tensors.items() if name not in adapter}
        weights = replace(weights, tensors=kept)
        misfits.append(_unmerged(adapter))
    return weights, misfits


def quantized(weights: StoredWeights) -> Misfit | None:
    """One misfit for all tensors of a quantized checkpoint whose configuration does not say so."""
    names = sorted(filter(_QUANTIZED.fullmatch, weights.tensors))
    if not names:
        return None
    return Misfit(
        "quantized",
        names[0],
        f"and {len(names) - 1} more tensors are what a quantizer stores: the weights are quantized",
        "use the checkpoint before quantization; specship export quantizes it for llama.cpp",
        len(names),
    )


def _known(names: Iterable[str], expected: TensorTable) -> int:
    return sum(name in expected or name == HEAD for name in names)


def _plain_names(stored: Iterable[str], expected: TensorTable) -> dict[str, str]:
    """Each name without the parts of wrappers, and without what stands in front of the model."""
    plain = {name: ".".join(part for part in name.split(".") if part not in _WRAPPERS) for name in stored}
    layer = next((name for name in plain.values() if f".{name}".endswith(f".{_LAYER}")), None)
    if layer is None:
        front = _front(plain.values(), expected)
        return {name: one.removeprefix(front) for name, one in plain.items()}
    body = layer.removesuffix(_LAYER)
    front = body.removesuffix(_BODY)
    return {name: _in_place(one, body, front) for name, one in plain.items()}


def _front(names: Iterable[str], expected: TensorTable) -> str:
    """What stands in front of a family's own names, where it is none of ours; empty where nothing does."""
    longest = max(expected, key=len, default="")
    return next((name.removesuffix(longest) for name in names if name.endswith(f".{longest}")), "")


def _in_place(name: str, body: str, front: str) -> str:
    """A name with the body where the family has it; the head lies beside the body."""
    if name.removeprefix(front) == HEAD:
        return HEAD
    return _BODY + name.removeprefix(body) if name.startswith(body) else name.removeprefix(front)


def _prefix(folder: Path, plain: Mapping[str, str], *, sharded: bool) -> Misfit:
    changed = {name: one for name, one in plain.items() if name != one}
    wrappers = [part for part in _WRAPPERS if any(part in name.split(".") for name in changed)]
    count = f"all {len(plain)}" if len(changed) == len(plain) else f"{len(changed)} of {len(plain)}"
    of = f" ({', '.join(dict.fromkeys(_WRAPPERS[part] for part in wrappers))})" if wrappers else ""
    front = next((name.removesuffix(one) for name, one in changed.items() if name.endswith(one)), "")
    parts = [f"{part}." for part in wrappers]
    wrapped = f"the model was saved inside a wrapper{of}"
    if front.endswith(".") and all(name == front + one for name, one in changed.items()):
        said, change = f"is the prefix of {count} tensors: {wrapped}", f".removeprefix({front!r})"
    elif parts and all(_without(name, parts) == one for name, one in changed.items()):
        said, front = f"stands inside the names of {count} tensors: {wrapped}", " ".join(parts)
        change = "".join(f".replace({part!r}, '')" for part in parts)
    else:
        said, front, change = f"is not where it belongs in the names of {count} tensors", _BODY, ""
    mend = _mend(folder, wrappers, change, sharded=sharded)
    return Misfit("prefix", shown_name(front), said, mend, len(changed))


def _without(name: str, parts: Iterable[str]) -> str:
    for part in parts:
        name = name.replace(part, "")
    return name


def _mend(folder: Path, wrappers: list[str], change: str, *, sharded: bool) -> str:
    if {"base_layer", "base_model"} & set(wrappers):
        save = "merge and save again: model.merge_and_unload().save_pretrained(OUT)"
    else:
        save = "save the ...ForCausalLM that is inside again: save_pretrained(OUT)"
    if not change or "base_layer" in wrappers:
        return save
    shown = shlex.quote(shown_name(str(folder)))
    files = f"{shown}/*.safetensors, and off the names in {INDEX}" if sharded else f"{shown}/{WEIGHTS}"
    return f"take it off: python -c {_in_a_shell(_STRIP.format(change=change))} {files}; or {save}"


def _in_a_shell(program: str) -> str:
    """In double quotes, which leave its own single ones readable, unless it holds what they do not keep."""
    return shlex.quote(program) if any(sign in program for sign in '"$`\\!') else f'"{program}"'


def _unmerged(names: list[str]) -> Misfit:
    return Misfit(
        "adapter",
        names[0],
        f"and {len(names) - 1} more tensors are of an adapter that was not merged into its base",
        "merge it: model.merge_and_unload().save_pretrained(OUT)",
        len(names),
    )
