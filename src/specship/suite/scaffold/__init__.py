"""Beginnings: a whole project in an empty folder, and single files that are sound from the first line."""
