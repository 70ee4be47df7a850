"""From counts to the quantities a plan promises: a share always travels with its numerator and denominator."""
