"""Shards: token ids on the disk, their manifest, and batches of them."""
