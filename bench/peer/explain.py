"""The twelve methods of Table 3 in Captum, each as a function of (images, target)."""

import math
from typing import Callable
from unittest.mock import patch

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import (
    DeepLift, GuidedBackprop, GuidedGradCam, InputXGradient, IntegratedGradients, LayerAttribution, LayerGradCam, Lime,
    LimeBase, NoiseTunnel, Occlusion, Saliency,
)
from torch import nn

Explain = Callable[[torch.Tensor, int | torch.Tensor], torch.Tensor]

DEVIATION = 0.15


def grad_cam(network: nn.Module) -> Explain:
    method = LayerGradCam(network, network.cam_layer)

    def explain(images, target):
        cam = method.attribute(images, target=target, relu_attributions=True)
        return LayerAttribution.interpolate(cam, tuple(images.shape[2:]), "bilinear")

    return explain


def occlusion(network: nn.Module, parameters: dict) -> Explain:
    method, window, stride = Occlusion(network), parameters["window"], parameters["stride"]

    def explain(images, target):
        bands = images.shape[1]
        return method.attribute(
            images, sliding_window_shapes=(bands, window, window), strides=(bands, stride, stride), target=target,
            baselines=0, perturbations_per_eval=parameters.get("perturbations") or 1,
        )[:, :1]

    return explain


def lime(network: nn.Module, parameters: dict, fed: dict) -> Explain:
    """Captum's Lime with its defaults (cosine distance of inputs, Lasso) over given superpixels."""
    method, labels = Lime(network), fed["labels"].long()[None]

    def explain(images, target):
        return method.attribute(
            images, target=target, feature_mask=labels, n_samples=parameters["samples"],
            perturbations_per_eval=parameters.get("perturbations") or 1,
        )[:, :1]

    return explain


def lime_of_bits(network: nn.Module, fed: dict) -> Explain:
    """landlens' kernel and ridge regression on the samples that landlens drew, to compare coefficients."""
    bits, labels = fed["bits"], fed["labels"][0].long()

    def draw(original, **_):
        for row in bits:
            yield row[None]

    def show(z, original, **_):
        return original * z[0][labels]

    def similarity(original, perturbed, z, **_):
        squared = (1 - nn.functional.cosine_similarity(z, torch.ones_like(z)).item()) ** 2
        return math.exp(-squared / (2 * 0.25**2))

    method = LimeBase(network, SkLearnRidge(alpha=1), similarity, draw, True, show, None)

    def explain(images, target):
        coefficients = method.attribute(images, target=target, n_samples=len(bits), perturbations_per_eval=16)
        return coefficients[0].to(labels.device)[labels][None, None].float()

    return explain


def smooth(inner, parameters: dict, noise: torch.Tensor | None, **options) -> Explain:
    tunnel = NoiseTunnel(inner)

    def explain(images, target):
        return tunnel.attribute(
            images, nt_type="smoothgrad", nt_samples=parameters["samples"], stdevs=DEVIATION, target=target,
            nt_samples_batch_size=parameters.get("noiseBatch"), **options,
        )

    def explain_fed(images, target):
        with patch("torch.normal", lambda *_, **__: noise[: parameters["samples"]]):
            return explain(images, target)

    return explain if noise is None else explain_fed


def create_explain(network: nn.Module, name: str, parameters: dict, fed: dict, feed: bool) -> Explain:
    """
    parameters: samples, steps, window and stride of the method; noiseBatch, internalBatch, perturbations of Captum.
    fed: arrays from landlens: labels of the superpixels, blurred baseline; with `feed` also its random numbers.
    """
    noise = fed["noise"] if feed else None
    path = {
        "n_steps": parameters.get("steps"), "method": "gausslegendre",
        "internal_batch_size": parameters.get("internalBatch"),
    }
    match name:
        case "saliency":
            return lambda x, target, method=Saliency(network): method.attribute(x, target=target)
        case "saliency-sg":
            return smooth(Saliency(network), parameters, noise)
        case "input-x-gradient":
            return lambda x, target, method=InputXGradient(network): method.attribute(x, target=target)
        case "input-x-gradient-sg":
            return smooth(InputXGradient(network), parameters, noise)
        case "integrated-gradients":
            return lambda x, target, method=IntegratedGradients(network): method.attribute(x, target=target, **path)
        case "integrated-gradients-sg":
            return smooth(IntegratedGradients(network), parameters, noise, **path)
        case "guided-backpropagation":
            return lambda x, target, method=GuidedBackprop(network): method.attribute(x, target=target)
        case "grad-cam":
            return grad_cam(network)
        case "guided-grad-cam":
            method = GuidedGradCam(network, network.cam_layer)
            return lambda x, target: method.attribute(x, target=target, interpolate_mode="bilinear")
        case "deeplift":
            method, blurred = DeepLift(network), fed["blurred"]
            return lambda x, target: method.attribute(x, blurred.expand(len(x), -1, -1, -1), target=target)
        case "occlusion":
            return occlusion(network, parameters)
        case "lime":
            return lime_of_bits(network, fed) if feed else lime(network, parameters, fed)
    raise ValueError(f"no method {name}")
