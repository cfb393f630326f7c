"""How far a generator is from its pattern, measured exactly. Plain PyTorch."""
