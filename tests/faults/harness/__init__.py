"""What the suite works with: servers, processes that may die, traffic, and the ledger that judges them."""
