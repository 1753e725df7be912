"""Artifacts that specship did not make: what each kind must be, and how one is taken over."""
