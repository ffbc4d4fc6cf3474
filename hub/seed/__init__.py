"""A believable chain of stores for demonstrations and benchmarks, made through the services. See ``filling``."""
