"""Networks and samplers, one file or folder each; torch and nothing of ours."""
