"""The rows, one module a subject; whatever stands here is found by itself."""
