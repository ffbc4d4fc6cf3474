"""Major incidents (T8): declared on a ticket, with a team within 30 minutes, a report every hour, and a review."""
