"""What the training programs share: photos in memory, optimizers, averaged weights, a clock."""
