"""Contracts: YAML text to frozen records, their expectations, and the digest of their meaning."""
