"""The training engine. Only `training`, the declaration, is free of torch."""
