"""Rules of live delivery: which event goes to which channel, who may hear it, where a cursor stands."""
