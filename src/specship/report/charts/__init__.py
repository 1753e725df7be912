"""Drawings as SVG: no script, no fonts, no network; what each shows stands in its title and beside it."""
