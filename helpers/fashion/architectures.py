"""The networks of chapters 04 and 05. The chapters write them out layer by layer; here they can be asked for by name."""

from helpers.core.backend import keras
from helpers.fashion.dataset import PIXELS

layers = keras.layers


def mlp(dropout=0.2):
    """The report's multilayer perceptron for rows of 784 pixels: 244,591 parameters."""
    return keras.Sequential([
        keras.Input((PIXELS,)),
        layers.Dense(256, activation="relu"), layers.Dropout(dropout), layers.Dense(128, activation="relu"), layers.Dropout(dropout),
        layers.Dense(50, activation="relu"), layers.BatchNormalization(), layers.Dense(50, activation="relu"),
        layers.Dense(25, activation="relu"), layers.Dropout(dropout),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def _conv(filters, padding="same", **options):
    return layers.Conv2D(filters, 3, padding=padding, activation="relu", **options)


def _norm():
    return layers.BatchNormalization(momentum=0.9)


def v1(dropout=0.2):
    """The report's first convolutional network, for images (28, 28, 1): 380,675 parameters."""
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        _conv(200), _conv(100), layers.MaxPooling2D(2), layers.Dropout(dropout),
        _conv(50), layers.MaxPooling2D(2),
        _conv(50), layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(256), _norm(), layers.Activation("relu"),
        layers.Dense(50, activation="relu"), layers.Dropout(dropout),
        layers.Dense(25, activation="relu"), layers.Dropout(dropout),
        layers.Dense(10, activation="relu"), layers.Dropout(dropout),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def v2(dropout=0.1):
    """The report's second convolutional network, for images (28, 28, 1): 1,922,058 parameters."""
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        _conv(32), _norm(), _conv(64, "valid"), _norm(), layers.MaxPooling2D(2), layers.Dropout(dropout),
        _conv(128), _norm(), _conv(128, "valid"), _norm(), layers.MaxPooling2D(2), layers.Dropout(dropout),
        _conv(256), _norm(), _conv(256, "valid"), _norm(), layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(1024, activation="relu"), layers.Dropout(dropout),
        layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def residual(filters):
    """Our residual network for images (28, 28, 1): a convolution, a stage for each further entry of `filters`, the mean.

    filters : feature maps of the first convolution and of each stage, such as (32, 64, 128, 256).
    A stage convolves, halves the feature maps by max-pooling and normalises; then two convolutions are added as a residual
    branch, whose second one starts at zero, so that a fresh stage passes on what it is given.
    """
    picture = keras.Input((28, 28, 1))
    x = _conv(filters[0])(picture)
    for width in filters[1:]:
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
        x = layers.Activation("relu")(_norm()(x))
        branch = layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")(_conv(width)(x))
        x = layers.Activation("relu")(layers.Add()([x, branch]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(picture, layers.Dense(10, activation="softmax")(x))
