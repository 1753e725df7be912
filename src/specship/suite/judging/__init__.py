"""Judging: the judge and its process, whom to trust, which gates are armed, the session and its report."""
