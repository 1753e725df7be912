"""A log as one series of steps and evaluations: which column holds what, in which unit."""
