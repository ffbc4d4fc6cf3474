"""What the benches measured: ingest of their records, and questions about runs, steps, measurements and curves."""
