"""What every domain of the hub stands on: settings, database, clock, problem details, identifiers, pages, limits."""
