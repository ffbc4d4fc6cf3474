"""Tickets: what a customer wants done to a device, from intake to hand-over."""
