"""Corpus: licensed text, without duplicates, split into training and held-out documents."""
