"""Backups (S2): the day's data to a second place, with a manifest by which a restored copy is proven."""
