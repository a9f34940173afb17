"""The command line: one file for each subcommand, loaded only when it is asked for."""
