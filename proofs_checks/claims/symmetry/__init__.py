"""S1 to S4 and the table of losses."""
