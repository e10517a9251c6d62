"""One file a step; the file's name begins with its number."""
