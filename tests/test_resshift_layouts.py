"""The published files' layouts, and the configurations that lead to them; nothing is allocated."""

from __future__ import annotations

import pytest
import torch
from resshift_reference import layout, needs_reference
from torch import nn

from restore.nets.resshift.published import (
    F4,
    F8,
    FIFTEEN_STEPS,
    FOUR_STEPS,
    PUBLISHED,
    Published,
)
from restore.nets.resshift.unet import UNetModelSwin
from restore.nets.resshift.vq import VQAutoencoder, VQConfig

UNETS = {
    "resshift-realsr-v1": ("unet_realsr_bicsr_s4_s15", 118_593_583, 564),
    "resshift-realsr-v2": ("unet_realsr_bicsr_s4_s15", 118_593_583, 564),
    "resshift-realsr-v3": ("unet_realsr_bicsr_s4_s15", 118_593_583, 564),
    "resshift-bicubic": ("unet_realsr_bicsr_s4_s15", 118_593_583, 564),
    "resshift-inpaint-imagenet": ("unet_inpaint", 118_714_399, 572),
    "resshift-inpaint-face": ("unet_inpaint", 118_714_399, 572),
    "resshift-face": ("unet_faceir", 118_931_604, 576),
}
AUTOENCODERS = [(F4, "vq_f4", 55_322_782, 205), (F8, "vq_f8_face512", 77_009_115, 285)]


def planned_unet(model: Published) -> UNetModelSwin:
    with torch.device("meta"):
        return UNetModelSwin(model.unet)


def planned_autoencoder(config: VQConfig) -> VQAutoencoder:
    with torch.device("meta"):
        return VQAutoencoder(config)


def shapes(net: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


def count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


@needs_reference
@pytest.mark.parametrize("name", UNETS)
def test_the_unets_have_the_published_keys_and_shapes(name: str) -> None:
    ours, theirs = shapes(planned_unet(PUBLISHED[name])), layout(UNETS[name][0])
    assert ours == theirs


@needs_reference
@pytest.mark.parametrize(("config", "name"), [row[:2] for row in AUTOENCODERS])
def test_the_autoencoders_have_the_published_keys_and_shapes(config: VQConfig, name: str) -> None:
    assert shapes(planned_autoencoder(config)) == layout(name)


@pytest.mark.parametrize("name", UNETS)
def test_the_unets_have_the_published_number_of_parameters(name: str) -> None:
    net = planned_unet(PUBLISHED[name])
    assert (count(net), len(net.state_dict())) == UNETS[name][1:]


@pytest.mark.parametrize(
    ("config", "parameters", "tensors"), [(c, p, t) for c, _, p, t in AUTOENCODERS]
)
def test_the_autoencoders_have_the_published_number_of_parameters(
    config: VQConfig, parameters: int, tensors: int
) -> None:
    net = planned_autoencoder(config)
    assert (count(net), len(net.state_dict())) == (parameters, tensors)


def test_all_seven_models_are_there() -> None:
    assert PUBLISHED.keys() == UNETS.keys()
    steps = {name: model.schedule for name, model in PUBLISHED.items()}
    assert [name for name, s in steps.items() if s == FIFTEEN_STEPS] == [
        "resshift-realsr-v1",
        "resshift-realsr-v2",
    ]
    assert set(steps.values()) == {FIFTEEN_STEPS, FOUR_STEPS}


@pytest.mark.parametrize("name", PUBLISHED)
def test_photo_latent_and_result_of_a_model_fit_together(name: str) -> None:
    model = PUBLISHED[name]
    # The result has the photograph's sides times the scale, and the latent's times the reduction.
    assert model.scale * model.unet.reduction == model.autoencoder.reduction
    assert model.unet.latent_channels == model.autoencoder.latent_channels
    net = planned_unet(model)
    net.feature_extractor.to_empty(device="cpu")  # a few small convolutions
    side = model.multiple
    mask = torch.zeros(1, 1, side, 2 * side) if model.unet.masked else None
    with torch.inference_mode():
        condition = net.condition(torch.zeros(1, 3, side, 2 * side), mask)
    assert condition.shape[2:] == (model.unet.multiple, 2 * model.unet.multiple)
    (first,) = net.input_blocks[0]
    assert first.in_channels == model.unet.latent_channels + condition.shape[1]


def test_a_mask_is_asked_for_by_the_models_that_fill_and_by_no_other() -> None:
    photo, mask = torch.zeros(1, 3, 256, 256), torch.zeros(1, 1, 256, 256)
    with pytest.raises(ValueError, match="needs a mask"):
        planned_unet(PUBLISHED["resshift-inpaint-face"]).condition(photo)
    with pytest.raises(ValueError, match="knows no masks"):
        planned_unet(PUBLISHED["resshift-face"]).condition(photo, mask)


def test_a_latent_of_another_size_is_refused() -> None:
    latent = torch.zeros(1, 3, 64, 72)
    net = planned_unet(PUBLISHED["resshift-bicubic"])
    with pytest.raises(ValueError, match="multiple of 64"):
        net(latent, torch.zeros(1), latent)
