"""The pictures, each with the sentence that replaces it and the values it was drawn from."""
