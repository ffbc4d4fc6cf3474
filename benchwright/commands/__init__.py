"""One module a subcommand, each with a typer ``app``; ``benchwright.cli`` imports only the one called."""
