"""Machine-checked proofs: Coq sources, what they prove of which claim, and the program that checks them."""
