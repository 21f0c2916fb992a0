"""Identity: principals, permissions, tokens of people and of services, revocation."""
