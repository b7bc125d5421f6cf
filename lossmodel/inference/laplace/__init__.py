"""Posterior modes and the Laplace approximation around them."""
