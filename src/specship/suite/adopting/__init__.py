"""A spec, profiles and contracts for what somebody has already."""
