"""Figures of the report: what each one says in a title, shows in a drawing, and gives as values."""
