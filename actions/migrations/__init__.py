"""How the ledger's tables came to be, one step per file; run whenever a ledger is opened."""
