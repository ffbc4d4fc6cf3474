"""What the TUI and scripts talk to: typed requests, and streams of what happens, on a unix socket.

The contract is in ``requests``, ``views``, ``events`` and ``manual``; ``client`` is what a program imports to use
it, and ``server`` the agent's side.
"""
