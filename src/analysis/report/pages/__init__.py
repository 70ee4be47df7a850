"""What the notebooks call, a page each: one call, one idea."""
