"""Received files become the tables of the contract: every row is accounted for, and only listed columns enter."""
