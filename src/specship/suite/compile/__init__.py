"""Compile: a contract as a pytest module that a person can read."""
