"""Logs of runs, whoever wrote them, read into one record of what is known."""
