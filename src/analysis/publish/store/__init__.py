"""What is kept: runs and their manifests, what can be taken over from them, and the memory of what was published."""
