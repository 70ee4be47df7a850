"""Publish a quarter: notebooks, pages, gates and one swap of a link; a failed run leaves the last report in place."""
