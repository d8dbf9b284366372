"""What printers, scanners and cameras do to a page; every kind is repeatable from a seed."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

Damage = Callable[[Image.Image, int], Image.Image]
"""Takes the page and a seed."""


def crisp(image: Image.Image, seed: int) -> Image.Image:
    """Nothing happens: a page rendered from a file."""
    return image


def blur(image: Image.Image, seed: int) -> Image.Image:
    """Out of focus, a radius of 1/200 inch at 300 dots an inch."""
    return image.filter(ImageFilter.GaussianBlur(1.5))


def noise(image: Image.Image, seed: int) -> Image.Image:
    """Grain, and specks of dust."""
    random = np.random.default_rng(seed)
    pixels = np.asarray(image.convert("L"), np.float32)
    pixels = pixels + random.normal(0.0, 24.0, pixels.shape).astype(np.float32)
    pixels[random.random(pixels.shape) < 0.0015] = 0
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).convert("RGB")


def jpeg(image: Image.Image, seed: int) -> Image.Image:
    """Compressed until blocks show."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=18)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def skew(image: Image.Image, seed: int) -> Image.Image:
    """Laid on the glass at an angle of up to three degrees."""
    angle = float(np.random.default_rng(seed).uniform(1.5, 3.0)) * (1 if seed % 2 else -1)
    return image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))


def scan(image: Image.Image, seed: int) -> Image.Image:
    """A poor copy: grey paper with a shadow, at an angle, soft, grainy and compressed."""
    random = np.random.default_rng(seed)
    tilted = image.rotate(float(random.uniform(-1.5, 1.5)), Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    pixels = np.asarray(tilted.filter(ImageFilter.GaussianBlur(0.9)).convert("L"), np.float32)
    shadow = np.linspace(0.72, 1.0, pixels.shape[1], dtype=np.float32)
    pixels = (30 + pixels * 0.8) * shadow + random.normal(0.0, 10.0, pixels.shape).astype(np.float32)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=45)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def sideways(image: Image.Image, seed: int) -> Image.Image:
    """Fed in by the wrong edge: turned by 90, 180 or 270 degrees."""
    turn = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)[seed % 3]
    return image.transpose(turn)


KINDS: dict[str, Damage] = {damage.__name__: damage for damage in (crisp, blur, noise, jpeg, skew, scan, sideways)}
