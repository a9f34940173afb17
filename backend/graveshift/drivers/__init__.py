"""The kinds of queue system, one package or module each; only bootstrap imports them."""
