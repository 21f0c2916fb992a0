"""Floors: the same work with nothing but the drivers, so that a ratio says how near to the limit an operation is."""
