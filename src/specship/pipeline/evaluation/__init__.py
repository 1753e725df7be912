"""Evaluation: held-out text, completions and their syntax, HumanEval."""
