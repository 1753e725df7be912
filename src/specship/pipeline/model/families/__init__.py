"""Families of decoders, one a file; each is found by the `model_type` of a `config.json`."""
