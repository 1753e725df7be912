"""Inference: one decoder for checkpoints and GGUF, llama.cpp beside it, and how fast they are."""
