"""The stages, one a file; each makes the artifact it is named after."""
