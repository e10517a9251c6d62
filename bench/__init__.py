"""Measurements of Deskbot against the limit that its SMTP library sets: ``python -m bench``."""
