"""Scoring of HumanEval completions: generated code runs apart from its judge, and only plain values pass."""
