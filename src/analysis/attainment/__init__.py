"""From draws of the rest of the year to the probability that each promise is kept."""
