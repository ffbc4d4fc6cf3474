"""The simulated bench: a device under test with physics, and instruments that speak their real wire protocols."""
