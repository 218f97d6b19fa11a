"""What is shown: figures, tables and the HTML report, all made from records and the ledger."""
