"""N1 to N3 and D1: where training leads, without and with noise."""
