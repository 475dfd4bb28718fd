"""Kills at random moments: what was done before is not lost, and the end is the same to the bit."""
