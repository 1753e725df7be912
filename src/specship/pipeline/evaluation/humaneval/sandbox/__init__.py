"""The sandbox of HumanEval: generated code runs apart from its judge, and only plain values pass."""
