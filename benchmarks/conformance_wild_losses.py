"""Losses of packages with what they take, and what is to be said of the findings."""

from __future__ import annotations

from typing import Any

ONEHOT: dict[str, Any] = {"targets": "onehot"}
SCORES: dict[str, Any] = {"targets": "onehot", "takes": "scores"}
IMAGES: dict[str, Any] = {"layout": "images"}
ONEHOT_IMAGES: dict[str, Any] = {"layout": "images", "targets": "onehot"}

WILD: dict[str, dict[str, Any]] = {
    "torch.nn:CrossEntropyLoss": {"formula": "cce"},
    "torch.nn:CrossEntropyLoss(label_smoothing=0.1)": {},
    "torch.nn:CrossEntropyLoss(reduction='none')": {"formula": "cce"},
    "torch.nn:NLLLoss": {"takes": "log probs", "formula": "cce"},
    "torch.nn:MultiMarginLoss": {},
    "torch.nn:MultiMarginLoss(p=2)": {},
    "torch.nn:MultiLabelSoftMarginLoss": SCORES,
    "torch.nn:BCEWithLogitsLoss": SCORES,
    "torch.nn:BCEWithLogitsLoss(reduction='none')": {"takes": "binary logits", "formula": "cce"},
    "torch.nn:BCELoss": {"targets": "onehot", "takes": "probs"},
    "torch.nn:KLDivLoss(reduction='batchmean')": {"targets": "onehot", "takes": "log probs"},
    "torch.nn:MSELoss": {"targets": "onehot", "takes": "probs"},
    "torch.nn:L1Loss": {"targets": "onehot", "takes": "probs"},
    "torch.nn:SmoothL1Loss": {"targets": "onehot", "takes": "probs"},
    "torch.nn:HuberLoss": {"targets": "onehot", "takes": "probs"},
    "torchmetrics.functional.classification:multiclass_hinge_loss": {},
    "timm.loss:LabelSmoothingCrossEntropy": {},
    "timm.loss:SoftTargetCrossEntropy": {**ONEHOT, "formula": "cce"},
    "timm.loss:BinaryCrossEntropy": {"takes": "scores"},
    "timm.loss:JsdCrossEntropy": {"batch_of": 3},
    "timm.loss:AsymmetricLossMultiLabel": SCORES,
    "timm.loss:AsymmetricLossSingleLabel": {},
    "kornia.losses:FocalLoss(alpha=None)": IMAGES,
    "kornia.losses:BinaryFocalLossWithLogits(alpha=None)": {"layout": "images", **SCORES},
    "kornia.losses:DiceLoss": IMAGES,
    "kornia.losses:TverskyLoss(alpha=0.5, beta=0.5)": IMAGES,
    "kornia.losses:LovaszSoftmaxLoss": IMAGES,
    "monai.losses:FocalLoss(use_softmax=True)": ONEHOT_IMAGES,
    "monai.losses:FocalLoss": {**ONEHOT_IMAGES, "takes": "scores"},
    "monai.losses:DiceLoss(softmax=True)": ONEHOT_IMAGES,
    "monai.losses:GeneralizedDiceLoss(softmax=True)": ONEHOT_IMAGES,
    "monai.losses:TverskyLoss(softmax=True)": ONEHOT_IMAGES,
    "monai.losses:DiceCELoss(softmax=True)": ONEHOT_IMAGES,
    "monai.losses:DiceFocalLoss(softmax=True)": ONEHOT_IMAGES,
    "segmentation_models_pytorch.losses:DiceLoss('multiclass')": IMAGES,
    "segmentation_models_pytorch.losses:JaccardLoss('multiclass')": IMAGES,
    "segmentation_models_pytorch.losses:TverskyLoss('multiclass')": IMAGES,
    "segmentation_models_pytorch.losses:FocalLoss('multiclass')": {**IMAGES, "takes": "scores"},
    "segmentation_models_pytorch.losses:LovaszLoss('multiclass')": IMAGES,
    "segmentation_models_pytorch.losses:SoftCrossEntropyLoss(smooth_factor=0.1)": {},
    "segmentation_models_pytorch.losses:SoftBCEWithLogitsLoss": SCORES,
    "keras.losses:SparseCategoricalCrossentropy(from_logits=True)": {
        "takes": "keras logits",
        "formula": "cce",
    },
    "keras.losses:CategoricalCrossentropy(from_logits=True)": {
        "takes": "keras logits",
        **ONEHOT,
        "formula": "cce",
    },
    "keras.losses:CategoricalCrossentropy": {"takes": "keras probs", **ONEHOT},
    "keras.losses:CategoricalFocalCrossentropy(from_logits=True)": {"takes": "keras logits", **ONEHOT},
    "keras.losses:CategoricalGeneralizedCrossEntropy": {"takes": "keras probs"},
    "keras.losses:CategoricalHinge": {"takes": "keras scores", **ONEHOT},
    "keras.losses:BinaryCrossentropy(from_logits=True)": {"takes": "keras scores", **ONEHOT},
    "keras.losses:KLDivergence": {"takes": "keras probs", **ONEHOT},
    "keras.losses:MeanSquaredError": {"takes": "keras probs", **ONEHOT},
    "keras.losses:MeanAbsoluteError": {"takes": "keras probs", **ONEHOT},
    "optax.losses:softmax_cross_entropy": {"takes": "jax logits", **ONEHOT, "formula": "cce"},
    "optax.losses:safe_softmax_cross_entropy": {"takes": "jax logits", **ONEHOT, "formula": "cce"},
    "optax.losses:softmax_cross_entropy_with_integer_labels": {"takes": "jax logits", "formula": "cce"},
    "optax.losses:poly_loss_cross_entropy": {"takes": "jax logits", **ONEHOT},
    "optax.losses:sigmoid_binary_cross_entropy": {"takes": "jax scores", **ONEHOT},
    "optax.losses:sigmoid_focal_loss": {"takes": "jax scores", **ONEHOT},
    "optax.losses:multiclass_hinge_loss": {"takes": "jax logits"},
    "optax.losses:multiclass_perceptron_loss": {"takes": "jax logits"},
    "optax.losses:multiclass_sparsemax_loss": {"takes": "jax logits", "dtype": "float32"},
    "optax.losses:squared_error": {"takes": "jax probs", **ONEHOT},
    "optax.losses:huber_loss": {"takes": "jax probs", **ONEHOT},
}

FLOATS = "true: float labels are cut to integers without a word"
CLAMPED = "true, and documented: probabilities are clipped at 1e-7, and the slope is 0 below"
EMPTY = "true: the mean of no samples is an empty array, no number"
RESHAPED = "true: a view with -1 of no elements"
POOLED = "true, by design: a ratio of sums over all samples of the batch"
LAST = "true: JAX reads the last class where an index is too large"

# What was found and looked into, by the loss and the check: true, or so by design, and why.
JUDGED: dict[str, dict[str, str]] = {
    "torch.nn:MultiMarginLoss": {"second_derivative": "true: torch has none"},
    "torch.nn:MultiMarginLoss(p=2)": {"second_derivative": "true: torch has none"},
    "torch.nn:BCELoss": {
        "float16": "true: a probability that is 0 in float16 has a loss of 100, whatever it was",
        "gradient": "true: the backward pass divides by at least 1e-12 where u (1 - u) is smaller",
    },
    "torchmetrics.functional.classification:multiclass_hinge_loss": {
        "bad_labels": FLOATS,
        "empty_batch": RESHAPED,
        "vmap": "true: it branches on values",
    },
    "timm.loss:BinaryCrossEntropy": {
        "bad_labels": FLOATS,
        "vmap": "true: one-hot labels are made by a scatter in place",
    },
    "timm.loss:JsdCrossEntropy": {
        "batch": "true, by design: a batch is three views of a third as many samples",
        "finite_gradient": "true: the slope of p log p where p has underflowed",
    },
    "timm.loss:AsymmetricLossSingleLabel": {
        "reductions": "true: it knows 'mean' alone, and gives every sample's loss for all else",
        "bad_labels": FLOATS,
    },
    "kornia.losses:LovaszSoftmaxLoss": {"bad_labels": FLOATS, "empty_batch": RESHAPED},
    "monai.losses:FocalLoss(use_softmax=True)": {
        "state_at_import": "true: monai sets it for the whole process (monai/utils/misc.py)"
    },
    "monai.losses:GeneralizedDiceLoss(softmax=True)": {"vmap": "true: it indexes with a mask"},
    "monai.losses:DiceFocalLoss(softmax=True)": {
        "logit_shift": "true: the softmax is one of the Dice part, and the focal part takes sigmoids"
    },
    "segmentation_models_pytorch.losses:DiceLoss('multiclass')": {"batch": POOLED, "empty_batch": RESHAPED},
    "segmentation_models_pytorch.losses:JaccardLoss('multiclass')": {
        "batch": POOLED,
        "empty_batch": RESHAPED,
    },
    "segmentation_models_pytorch.losses:TverskyLoss('multiclass')": {
        "batch": POOLED,
        "empty_batch": RESHAPED,
    },
    "segmentation_models_pytorch.losses:FocalLoss('multiclass')": {
        "bad_labels": "true: a label of K is taken for none of the classes"
    },
    "segmentation_models_pytorch.losses:LovaszLoss('multiclass')": {
        "batch": "true, by design: the errors of the whole batch are sorted together",
        "bfloat16": "true: a product of 16 and 32 bits is refused",
        "float16": "true: a product of 16 and 32 bits is refused",
        "empty_batch": "true: (0, 3) comes back, no number",
        "vmap": "true: it branches on values",
    },
    "keras.losses:SparseCategoricalCrossentropy(from_logits=True)": {
        "state_at_import": "true: keras sets it for the whole process (keras/src/backend/config.py)",
        "empty_batch": EMPTY,
    },
    "keras.losses:CategoricalCrossentropy(from_logits=True)": {"empty_batch": EMPTY},
    "keras.losses:CategoricalCrossentropy": {"dead_gradient": CLAMPED, "empty_batch": EMPTY},
    "keras.losses:CategoricalFocalCrossentropy(from_logits=True)": {
        "dead_gradient": CLAMPED,
        "empty_batch": EMPTY,
    },
    "keras.losses:CategoricalGeneralizedCrossEntropy": {
        "finite_gradient": "true: the slope of a power of a probability that has underflowed",
        "empty_batch": EMPTY,
    },
    "keras.losses:CategoricalHinge": {"empty_batch": "true: the largest of no numbers is asked for"},
    "keras.losses:BinaryCrossentropy(from_logits=True)": {"empty_batch": EMPTY},
    "keras.losses:KLDivergence": {"empty_batch": EMPTY},
    "keras.losses:MeanSquaredError": {"empty_batch": EMPTY},
    "keras.losses:MeanAbsoluteError": {"empty_batch": EMPTY},
    "optax.losses:softmax_cross_entropy_with_integer_labels": {"bad_labels": LAST},
    "optax.losses:multiclass_hinge_loss": {"bad_labels": LAST},
    "optax.losses:multiclass_perceptron_loss": {"bad_labels": LAST},
    "optax.losses:multiclass_sparsemax_loss": {"bad_labels": LAST},
}

# Found in some runs only: near enough to the edge of what the draws reach, or a matter of what was imported
# before.
SOMETIMES = {("torch.nn:BCELoss", "gradient")}

# Notes are no failures; what they say, by the check.
NOTES = {
    "finite_value": "true: overflow at the far end of float32",
    "finite_gradient": "true: overflow at the far end of float32",
    "ignored_labels": "true, and documented",
    "state_at_import": "true: a package that it needs does so",
}
