"""Instruments that speak SCPI: one declaration each, one driver a capability class."""
