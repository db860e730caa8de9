"""What must survive a kill: the ledger of paid replies, and the steps of each run."""
