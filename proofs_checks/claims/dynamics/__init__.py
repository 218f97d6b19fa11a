"""D2 and D3: gradients in the logits, memorization times, their predictions."""
