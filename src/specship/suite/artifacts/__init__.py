"""Artifacts: the store on the disk, and the runner that has stages fill it."""
