"""What screens are made of: lean lines, the virtual table, the foldable detail, and the dialogs."""
