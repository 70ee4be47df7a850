"""Read received files and database relations as rows of text, as their mapping describes them."""
