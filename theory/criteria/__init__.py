"""How torch computes the losses of the catalogue: written values and gradients, no autograd of formulas.

`rows` splits each row of logits into its label and the other classes, which is where all accuracy comes
from; `single`, `squared`, `log` and `normalized` are the losses, a value and a gradient each; `function`
hands them to autograd, or `at_once` where `narrow` has value and gradient together, block by block;
`kernels` says which loss has which. A loss without a kernel (a user's own) goes
through its formula. The derivations are in docs/criteria.md. Everything here imports torch, nothing of
theory imports it before a criterion is made.
"""
