"""What comes after a ticket is closed: survey, call-back, improvements (T14), and the warranty on a repair (T15)."""
