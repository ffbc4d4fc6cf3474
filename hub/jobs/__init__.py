"""Periodic work: one table of jobs, run by one elected process of any number."""
