"""Checkpoint: a Hugging Face folder, opened with distrust; every tensor accounted for."""
