"""SymPy at arm's length: expressions, pieces, exact points."""
