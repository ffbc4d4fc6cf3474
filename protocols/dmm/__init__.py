"""Frames that hand-held multimeters send over their optical or serial interface, one module for each meter chip."""
