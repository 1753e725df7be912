"""Status: spec and ledger to the status of each criterion, and the ship-%. Always computed."""
