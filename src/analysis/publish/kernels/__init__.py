"""Kernels: forked warm, begun with at once, watched and ended with their run."""
