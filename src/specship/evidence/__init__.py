"""Evidence: statements, signatures, and the append-only ledger."""
