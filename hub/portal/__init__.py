"""The customer's page of a ticket (T10, T12, T14): one signed link, plain server-rendered HTML."""
