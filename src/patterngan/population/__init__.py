"""Many GANs trained as one module."""
