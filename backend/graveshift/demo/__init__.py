"""A small real system that fails on request: what a newcomer works on and what the journeys are tested on."""
