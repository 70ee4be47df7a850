"""Jupyter kernels: forked from a process that has the stack imported, watched, and ended with their run."""
