"""Falsify: faults planted in the pipeline, gates seen to fail on them, and the records of that."""
