"""Pages: from an executed notebook to HTML that opens anywhere, and the gates each page must pass."""
