"""The ``deskbot`` program: thin commands."""
