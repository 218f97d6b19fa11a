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

# What was found and looked into, by the loss and the check: true, or so by design, and why.
JUDGED: dict[str, dict[str, str]] = {}
