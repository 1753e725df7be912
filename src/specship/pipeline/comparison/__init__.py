"""Comparison: two copies of a model, from tensors to text, and where they diverge."""
