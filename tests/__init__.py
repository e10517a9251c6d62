"""Tests of Deskbot: rules written as sentences."""
