"""Keeps: the database and the files, and nothing about what they mean."""
