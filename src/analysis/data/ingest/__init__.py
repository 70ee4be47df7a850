"""Rows of text in, tables of the contract out: accepted and rejected add up to what came in."""
