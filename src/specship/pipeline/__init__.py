"""The reference pipeline: corpus, tokenizer, shards, training, inference, export, publication.

The only home of torch beside the probes. Each stage is a file under `stages/`, runs as a child
process, and leaves one artifact folder.
"""
