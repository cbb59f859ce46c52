"""Networks and samplers, one file each; torch and nothing of ours."""
