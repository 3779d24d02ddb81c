import numpy as np

from helpers.core.backend import keras
from helpers.fashion import networks


def small():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)), layers.Conv2D(3, 3, padding="same"), layers.MaxPooling2D(2),
            layers.Conv2D(4, 2), layers.Flatten(), layers.Dense(5), layers.Activation("softmax"),
        ]
    )  # fmt: skip


def test_multiply_adds_by_hand():
    first, second, dense = 6 * 6 * 3 * 3 * 2 * 3, 2 * 2 * 2 * 2 * 3 * 4, 16 * 5
    assert networks.multiply_adds(small()) == first + second + dense


def test_outputs_of_layers_are_what_the_network_passes_on():
    net = small()
    pictures = np.random.default_rng(0).random((2, 6, 6, 2), dtype=np.float32)
    pooled, convolved = networks.outputs_of(net, pictures, [1, 0])
    assert convolved.shape == (2, 6, 6, 3) and pooled.shape == (2, 3, 3, 3)
    np.testing.assert_array_equal(pooled, convolved.reshape(2, 3, 2, 3, 2, 3).max(axis=(2, 4)))
    kernel, bias = net.layers[0].get_weights()
    middle = np.einsum("bijc,ijck->bk", pictures[:, 1:4, 2:5], kernel) + bias
    np.testing.assert_allclose(convolved[:, 2, 3], middle, rtol=1e-4, atol=1e-6)
