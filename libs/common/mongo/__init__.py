"""MongoDB: one client a process, tenant-scoped stores, indexes, transactions."""
