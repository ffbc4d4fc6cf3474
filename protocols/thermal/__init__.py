"""Thermal cameras: raw words and radiometric files to degrees Celsius."""
