"""What containers are given: read from the files, without an engine."""
