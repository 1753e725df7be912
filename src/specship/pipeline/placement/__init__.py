"""Proof of place: what driver and kernel say of the device that a run's own process works on."""
