"""Complaints: how urgent, who owns them, what was promised and paid, and what is learned from them (C1-C4)."""
