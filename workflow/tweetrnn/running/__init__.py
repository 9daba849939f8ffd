"""The workflow as a whole: running it, here or on a cluster, and watching it."""
