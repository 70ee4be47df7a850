"""Received files as rows of text: what a system exports, and how a mapping says to read it."""
