"""Tests of amendments: what they say, held against what a change does, and audits."""
