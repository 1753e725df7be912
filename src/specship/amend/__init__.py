"""Amendments: written by the tool, held against what a change really does, and audits that enter by them."""
