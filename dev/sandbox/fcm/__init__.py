"""Firebase Cloud Messaging's HTTP v1 API, with the token endpoint of its service account."""
