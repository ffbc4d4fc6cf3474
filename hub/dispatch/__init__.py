"""Who gets a ticket, and how urgent it is: rules as data, decisions that say why."""
