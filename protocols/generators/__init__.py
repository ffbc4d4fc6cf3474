"""Serial protocols of function generators that speak no SCPI."""
