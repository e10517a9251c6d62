"""Pages for machines and people."""
