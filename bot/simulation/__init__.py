"""A day of a busy desk: the real program, people who are made up, and a clock that runs ahead."""
