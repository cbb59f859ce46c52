"""What the programs share that put trained weights into the package."""
