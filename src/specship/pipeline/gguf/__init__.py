"""GGUF, read: header, keys, element types, tensor names, tokenizer and model."""
