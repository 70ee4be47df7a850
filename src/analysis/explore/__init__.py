"""Controls for people at a notebook: drill down into a share, and ask what if."""
