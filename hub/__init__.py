"""The hub: ingest of bench records, tickets, and the HTTP API over them."""
