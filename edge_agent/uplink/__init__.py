"""The bench's line to the hub: MQTT for records and control, HTTP for captures; the bench works without either."""
