"""Rules of the one door: where a path leads, which headers pass, which company is meant."""
