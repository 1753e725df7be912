"""Tokenizer: files of every kind, read with distrust; special tokens, pre-tokenizers, vocabularies."""
