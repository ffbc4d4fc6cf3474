"""Paper: the slip that a customer takes home from the counter, and the report of a repair (T10, T13)."""
