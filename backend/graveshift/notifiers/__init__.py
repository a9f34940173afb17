"""The kinds of notifiers, one file each; see `graveshift.notify`."""
