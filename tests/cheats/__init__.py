"""Attempts to raise a ship-% without a run, and the guards that answer them: what `suite/audit/test_cheats.py` tries.

One row an attempt: what is tried, which guard answers, what it says. Each row is tried twice: against the package
as it is, and against a scratch copy in which that guard can be taken out, where the attempt has to succeed.
"""
