"""One file per backend: each adapts a network to `restore.backend.Backend`."""
