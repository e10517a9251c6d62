"""What a person wrote this time: the text without quotes and signature."""

from __future__ import annotations


def reply_text(text: str) -> str:
    """The visible reply."""
    return text
