"""Results of other harnesses: read with distrust, bound to the weights, compared sample by sample."""
