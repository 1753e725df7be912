"""Several processes at one model: who they are, what they share, which is gone."""
