"""From received files to the tables of the contract: nothing that came in is lost, nothing unasked-for enters."""
