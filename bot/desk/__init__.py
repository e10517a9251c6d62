"""The service desk itself: it decides, and knows no socket and no channel by name."""
