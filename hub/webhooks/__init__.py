"""Events pushed to other systems (Standard Webhooks): endpoints, deliveries with retries for days, replay."""
