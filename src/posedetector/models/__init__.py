"""Networks in plain PyTorch, each with the state-dict keys of the published one. Torch is imported here and nowhere above."""
