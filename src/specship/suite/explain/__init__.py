"""Explain: everything that is known of an id, what would mend it, and what refers to what."""
