"""The parts of `./run bench triage`: a million letters, and what an operator does with them."""
