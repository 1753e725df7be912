"""The code behind probes and faults of both sides, as text: read, compared, and by its digests."""
