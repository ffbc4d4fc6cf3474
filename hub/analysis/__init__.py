"""Figures about tickets (T16), computed from what happened each time they are asked for."""
