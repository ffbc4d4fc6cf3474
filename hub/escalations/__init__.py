"""Three-level escalation (T8): front line, expert, management; each is acknowledged and answered by a person."""
