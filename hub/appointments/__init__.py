"""Appointments for repairs, inspections and visits, matched with the roster (T11)."""
