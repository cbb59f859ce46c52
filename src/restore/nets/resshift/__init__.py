"""ResShift, the published method: diffusion that shifts a picture towards its degraded twin.

`schedule` and `sampler` are the method and serve any network; `swin`, `unet` and `vq` are the
published networks, `published` their configurations, `checkpoint` reads their files, and `latent`
puts them together. Torch and nothing of ours.

Sources: Yue et al., arXiv:2307.12348 (NeurIPS 2023) and arXiv:2403.07319 (TPAMI).
"""
