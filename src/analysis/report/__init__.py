"""From results to what a reader sees: words, tables and figures in the reader's language."""
