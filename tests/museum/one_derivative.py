"""A backward pass of its own on detached numbers: right once, and without a derivative of its own."""

import torch

CAUGHT_BY = {"second_derivative"}


class CrossEntropy(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(logits, labels):
        log_probs = logits.log_softmax(dim=1)
        return -log_probs.gather(1, labels[:, None]).squeeze(1), log_probs.exp()

    @staticmethod
    def setup_context(ctx, inputs, outputs):
        ctx.mark_non_differentiable(outputs[1])
        ctx.save_for_backward(outputs[1], inputs[1])

    @staticmethod
    def backward(ctx, outer, _):
        probs, labels = ctx.saved_tensors
        slopes = probs - torch.nn.functional.one_hot(labels, probs.shape[1]).to(probs.dtype)
        return outer[:, None] * slopes, None


def loss(logits, labels):
    return CrossEntropy.apply(logits, labels)[0]
