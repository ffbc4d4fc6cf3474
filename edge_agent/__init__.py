"""The daemon of one bench: rack, test plans, analysis, spool, uplink and local API."""
