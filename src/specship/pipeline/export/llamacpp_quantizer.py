"""llama.cpp's quantizer behind its Python bindings, with the arguments of `llama-quantize`.

    python -I -m specship.pipeline.export.llamacpp_quantizer SOURCE TARGET TYPE THREADS

Always a process of its own: foreign native code reads the file, and can end the process.
"""

from __future__ import annotations

import sys


def main(source: str, target: str, dtype: str, threads: str) -> None:
    """Quantize; what llama.cpp refuses ends the process with its words."""
    from cyllama.llama.llama_cpp import LlamaModelQuantizeParams, model_quantize

    from specship.pipeline.export.quantizer import K_QUANTS

    parameters = LlamaModelQuantizeParams()
    parameters.ftype, parameters.nthread = K_QUANTS[dtype], int(threads)
    model_quantize(source, target, parameters)


if __name__ == "__main__":
    main(*sys.argv[1:])
