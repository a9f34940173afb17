"""What can be rotated, one kind each."""
