"""M1 to M4: the definition of robustness to memorization."""
