"""Plan: contracts, spec, profile and probes bound to the checks of a session, faulty variants described."""
