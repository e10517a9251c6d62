"""Doors: each translates between its service and the language of ``bot.message``; none decides."""
