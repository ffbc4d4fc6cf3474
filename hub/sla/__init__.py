"""Service levels: by when a ticket has to be answered and solved, and who hears of it before and after (T7, T8)."""
