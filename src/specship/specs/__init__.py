"""Specs, profiles, amendments, and the project that holds them."""
