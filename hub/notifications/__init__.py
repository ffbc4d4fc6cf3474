"""What customers and staff are told at each node of a ticket: rules as data, an outbox, and the channels."""
