"""Who asks, and what they may do: people and their sessions, single sign-on, API keys, one table of permissions."""
