"""The numbers of the reference code, at every stage of its run."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from resshift_reference import TINY_UNET, TINY_VQ, draws, needs_reference, numbers, weights
from safetensors.torch import save_file
from torch import Tensor

from restore.nets.resshift.checkpoint import admitted
from restore.nets.resshift.latent import LatentResShift
from restore.nets.resshift.published import FOUR_STEPS, Published
from restore.nets.resshift.sampler import trajectory
from restore.nets.resshift.unet import UNetModelSwin
from restore.nets.resshift.vq import VQAutoencoder

pytestmark = needs_reference

TINY = Published("the reference's", FOUR_STEPS, TINY_UNET, TINY_VQ, scale=4)


@pytest.fixture(scope="module", params=[torch.contiguous_format, torch.channels_last])
def nets(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> LatentResShift:
    """The reference's weights, by way of files, in both memory layouts."""
    folder: Path = tmp_path_factory.mktemp("reference")
    published = {
        "unet": ({"state_dict": weights("unet")}, lambda: UNetModelSwin(TINY_UNET)),
        "ae": (weights("ae"), lambda: VQAutoencoder(TINY_VQ)),
    }
    for name, (content, build) in published.items():
        save_file(admitted(content, build), folder / f"{name}.safetensors")
    model = LatentResShift.load(TINY, folder / "unet.safetensors", folder / "ae.safetensors")
    model.unet.to(memory_format=request.param)
    model.autoencoder.to(memory_format=request.param)
    return model


def assert_close_to(ours: Tensor, name: str) -> None:
    torch.testing.assert_close(ours, numbers()[name], rtol=0, atol=1e-4)


def test_encoding(nets: LatentResShift) -> None:
    assert_close_to(nets.encoded(numbers()["y"]), "z_y")


def test_decoding(nets: LatentResShift) -> None:
    assert_close_to(nets.autoencoder.decode(numbers()["z_y"]), "decode_z_y")


def test_the_prior() -> None:
    assert_close_to(draws()[0], "noise_T")
    assert_close_to(FOUR_STEPS.prior(numbers()["z_y"], draws()[0]), "x_T")
    assert_close_to(FOUR_STEPS.scaled(numbers()["x_T"], torch.tensor([3])), "unet_in_scaled_t3")


@pytest.mark.parametrize(
    ("photo", "shown", "t", "answer"),
    [("y", "unet_in_scaled_t3", 3, "unet_out_t3"), ("y_big", "x_big", 1, "unet_out_big_t1")],
    ids=["native size", "double size"],
)
def test_the_network(nets: LatentResShift, photo: str, shown: str, t: int, answer: str) -> None:
    condition = nets.unet.condition(numbers()[photo])
    assert_close_to(nets.unet(numbers()[shown], torch.tensor([t]), condition), answer)


def test_every_step_and_the_picture(nets: LatentResShift) -> None:
    condition = nets.unet.condition(numbers()["y"])
    steps = trajectory(
        lambda z, t: nets.unet(z, t, condition),
        nets.encoded(numbers()["y"]),
        nets.published.schedule,
        draws().__getitem__,
    )
    assert_close_to(torch.stack(list(steps)), "z_steps")
    picture = nets.restore(numbers()["y"], draws().__getitem__)
    # The file holds the picture as it left the decoder.
    expected = numbers()["image"].clamp(-1, 1)
    torch.testing.assert_close(picture, expected, rtol=0, atol=1e-4)


def test_photos_of_a_batch_are_those_alone(nets: LatentResShift) -> None:
    photos = torch.cat([numbers()["y"], numbers()["y"].flip(3)])
    noise = [torch.cat([draw, draw.flip(2)]) for draw in draws()]
    both = nets.restore(photos, noise.__getitem__)
    for k in range(2):
        alone = nets.restore(photos[k : k + 1], lambda draw, k=k: noise[draw][k : k + 1])
        torch.testing.assert_close(both[k : k + 1], alone, rtol=0, atol=1e-4)


def test_reduced_precision_runs_and_its_networks_stay_near(nets: LatentResShift) -> None:
    reduced = copy.deepcopy(nets).to(torch.device("cpu"), torch.bfloat16)
    picture = reduced.restore(numbers()["y"], draws().__getitem__)
    assert picture.dtype == torch.float32
    assert picture.isfinite().all()
    # Random codes flip, so that the picture may differ; what comes before them may not.
    y, shown = numbers()["y"], numbers()["unet_in_scaled_t3"]
    answer = reduced.unet(shown.bfloat16(), torch.tensor([3]), reduced.unet.condition(y.bfloat16()))
    assert float((answer.float() - numbers()["unet_out_t3"]).abs().mean()) < 0.05
    assert float((reduced.encoded(y.bfloat16()) - numbers()["z_y"]).abs().mean()) < 0.05
