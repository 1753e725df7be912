"""JSON Schemas of what specship reads and writes: what `specship schema` prints, and `schemas/` holds."""
