"""Bring received files into our tables: rows in = accepted + rejected, for every file."""
