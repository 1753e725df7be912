"""One rule a file, found by scanning this folder: the file's name is the rule's name."""
