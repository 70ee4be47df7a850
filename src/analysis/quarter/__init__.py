"""One run and its stages, computed once and kept; `Quarter` is the way in for notebooks and scripts."""
