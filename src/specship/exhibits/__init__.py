"""What a report shows behind its verdicts, gathered from ledger, artifacts and git; nothing here judges."""
