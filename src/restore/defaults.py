"""What holds when the user says nothing; here, because help shows it and must start fast."""

SEED = 0
MAX_PIXELS = 250_000_000
THRESHOLD = 128
LIKELY = 64  #: of 255, how likely damage must be to be filled
