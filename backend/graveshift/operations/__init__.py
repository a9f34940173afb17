"""The verbs: one file each, none of which knows another."""
