"""E1 to E10 and N4 to N6: what training does, decided from records."""
