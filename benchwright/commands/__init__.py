"""One module a subcommand, each with a typer ``app``; ``benchwright.cli`` lists them and imports only the one called."""
