"""Badges of one model at one profile: a file for each place that shows them."""
