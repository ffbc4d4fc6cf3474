"""Instruments: capability classes, transports, declarative driver profiles and the simulated bench."""
