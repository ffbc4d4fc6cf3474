"""The benches as the hub knows them: presence, instruments, desired and reported state, commands."""
