"""The commands of ``dunghen``, by what they are for; everything that computes is imported when one is called."""
