"""The suite: contracts to checks, stages to artifacts, a check run to evidence."""
