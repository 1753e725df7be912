"""Rules over what people wrote: each has a stable code and stands in a file of its own."""
