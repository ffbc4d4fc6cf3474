"""Who asks, and what they may do: API keys now, people and sessions beside them later."""
