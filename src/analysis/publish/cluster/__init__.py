"""More than one machine: the client, the task a Dask worker gets, and the process that carries out a remote run."""
