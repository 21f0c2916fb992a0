"""What is done to the suite from outside: networks that are slow or cut, messages that are forged or lost."""
