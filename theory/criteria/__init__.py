"""How torch computes the losses of the catalogue: written values and gradients, no autograd of formulas.

`rows` splits each row of logits into its label and the other classes, which is where all accuracy comes
from; `split` chooses between its three ways to compute (`eager`, `differentiable`, `compiled`), once. The
kernels are a value and a gradient each: `label_only` (a function of u_y alone) and `label_only_bent`, `rll`,
`squared_error`, `bi_tempered`, `nce`, `shares`, and `sums` of them; `kernels` says which loss has which.
`autograd` hands them to torch, or `value_and_gradient` where `shares_float32` has both together, block by
block. A loss without a kernel (a user's own) goes through its formula (`fallback`). The derivations are in
docs/criteria.md. Everything here imports torch, nothing of theory imports it before a criterion is made.
"""
