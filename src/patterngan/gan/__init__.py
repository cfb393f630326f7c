"""The algorithm: networks, losses and optimizer steps. Plain PyTorch."""
