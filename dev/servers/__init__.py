"""The real servers under the suite: the administrator's where an address is given, else our own."""
