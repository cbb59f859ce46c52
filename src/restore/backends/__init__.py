"""Adapters of networks to `restore.backend.Backend`, one file each, and what they share."""
