"""What is real, and random numbers addressed by step. Plain PyTorch."""
