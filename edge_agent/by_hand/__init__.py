"""What people do with instruments by hand beyond single readings: records, heat pictures, consoles, firmware.

``edge_agent.manual_control`` keeps the leases; each module here serves one class of instruments.
"""
