"""Pure functions on the bytes and headers of mail: no socket, no clock, no database."""
