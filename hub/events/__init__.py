"""The spine: one row per thing that happened, written with the change itself; everything that looks back reads it."""
