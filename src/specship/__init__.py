"""specship decides, from evidence, whether a language model may ship."""

__version__ = "0.1.0"
