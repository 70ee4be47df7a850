"""More than one machine: who asks, what a Dask worker is given, and the process that carries it out."""
