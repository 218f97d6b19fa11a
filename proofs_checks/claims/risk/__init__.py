"""R1 to R7: what noise does to risks and gradients."""
