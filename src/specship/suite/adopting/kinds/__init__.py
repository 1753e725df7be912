"""What `specship adopt` recognises, one kind a file."""
