"""The technician's terminal application, a client of the agent's local API."""
