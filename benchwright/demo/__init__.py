"""The demonstration: real processes, one device, one repair."""
