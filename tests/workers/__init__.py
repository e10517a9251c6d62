"""The child processes, with children that are real."""
