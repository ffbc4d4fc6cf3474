"""Business calendars: when a store works, so that time can be counted in working hours."""
