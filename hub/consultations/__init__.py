"""Consultations (T2): who asked what over which channel, how long they waited, what was answered and told."""
