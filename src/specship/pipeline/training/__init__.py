"""Training: settings, model, loop, checkpoints, resume, and the folder of a run."""
