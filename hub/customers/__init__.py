"""Customers and what they own: records that are kept current, merged, handed out and erased."""
