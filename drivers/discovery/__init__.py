"""What is connected: looked up where the system tells it, listened to, and asked where asking is harmless.

`search.Search` finds, `proposal` writes what it found as a ``bench.toml``.
"""
