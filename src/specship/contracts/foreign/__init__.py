"""Contracts that others wrote, in their own YAML, read into ours.

    text → `tree` → `rules` → `claims` → `binding` → `conversion` → `emitting` → our own reader

A rule of theirs is bound to a probe only where its words are, completely, a comparison of one
of our quantities with a number in that quantity's unit. All others are carried over as UNBOUND
gates with the lines they were taken from, because a wrong binding is worse than none.
"""
