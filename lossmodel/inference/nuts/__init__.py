"""The No-U-Turn sampler and the coordinates it runs in."""
