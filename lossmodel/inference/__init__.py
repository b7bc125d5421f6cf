"""Two samplers of one density: Laplace and NUTS."""
