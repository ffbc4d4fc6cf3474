"""Devices on their way between stores, and where every device in our hands is."""
