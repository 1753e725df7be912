"""Model: what a `config.json` declares, family by family: sizes, rotation and the table of tensors."""
