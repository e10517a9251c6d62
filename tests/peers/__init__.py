"""Real servers that nobody of this project wrote, started for tests."""
