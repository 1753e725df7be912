"""What a checkup is printed as, one format a file."""
