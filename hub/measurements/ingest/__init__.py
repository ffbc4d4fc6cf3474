"""From MQTT messages to rows: read strictly, write once, and only then send the receipt."""
