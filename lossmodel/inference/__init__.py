"""Two roads from the same density to draws: Laplace and NUTS."""
