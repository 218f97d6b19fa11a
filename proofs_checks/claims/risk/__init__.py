"""R1 to R9 and Y1: what noise does to risks and gradients, and losses made against it."""
