"""One file per backend, which adapts a network to `restore.backend.Backend`; and what they share."""
