"""What is true: losses, noise, risk, bounds, and the definition of robustness to memorization.

Importing this package costs a fraction of a second: SymPy, SciPy and torch are loaded when first used.
"""
