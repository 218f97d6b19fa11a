"""How we know: claims, the methods that check them, and the ledger of what came out."""
