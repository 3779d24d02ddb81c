"""Trained networks on disk: saved without optimiser, loaded only if their card vouches for them."""

import json
from collections import namedtuple

import numpy as np

from helpers.core import store
from helpers.core.backend import keras
from helpers.core.project import Problem, shown

LayerRow = namedtuple("LayerRow", "layer kind output_shape trainable non_trainable")


def fresh_copy(network, seed, precision="float32"):
    """A network of the same layers with new initial weights, drawn from `seed` (int) alone.

    precision : what its layers compute in, a Keras dtype policy such as "mixed_bfloat16"; weights are float32 in any
                case, and the last layer, whose probabilities go into the loss, computes in float32.
    Sets Keras' global seed, from which dropout draws too.
    """
    keras.utils.set_random_seed(seed)
    return _cloned(network, precision)


def in_float32(network):
    """The network itself if it computes in float32 throughout, else a copy with the same weights that does."""
    if all(layer.dtype_policy.compute_dtype == "float32" for layer in network.layers):
        return network
    copy = _cloned(network, "float32")
    copy.set_weights(network.get_weights())
    return copy


def _cloned(network, precision, all_layers=False):
    """A copy with fresh weights that computes in `precision`; the last layer in float32, unless `all_layers` says otherwise."""
    last = network.layers[-1].name

    def clone(layer):
        policy = precision if all_layers or layer.name != last else "float32"
        return type(layer).from_config({**layer.get_config(), "dtype": policy})

    return keras.models.clone_model(network, clone_function=clone)


def save(network, path):
    """Store a network for inference: without optimiser state, and with weights in half precision (float16).

    path : the .keras file.
    """
    half = _cloned(network, "float16", all_layers=True)
    half.set_weights(network.get_weights())
    with store.atomic_write(path) as temporary:
        keras.Model(half.inputs[0], half.outputs[0]).save(temporary)


def load(path, remedy, pattern=None):
    """A stored network (Keras model, float32, without optimiser), as save() wrote it.

    path : the .keras file.   remedy : str, the command that trains it anew.   pattern : a network whose layers it must
    have, or None. Nothing that a file may carry is executed: a file with Lambda layers is refused.
    Raises Problem if the file cannot be read by this Keras, or holds other layers than the pattern.
    """
    try:
        network = in_float32(keras.models.load_model(path, compile=False, safe_mode=True))
    except Exception as error:  # whatever a file may hold, it is the file's fault
        gist = " ".join(str(error).split())[:120]
        raise Problem(
            f"Keras {keras.__version__} cannot read {shown(path)} ({gist}): train it anew with `{remedy}`."
        ) from None
    if pattern is not None and _architecture(network) != _architecture(pattern):
        raise Problem(
            f"{shown(path)} holds other layers than the network that is asked for: train it anew with `{remedy}`."
        )
    return network


def wiring(network):
    """A network's layers and how they are joined (JSON), without the names that Keras counts up within a process."""
    described = json.loads(network.to_json())
    names = {layer["config"]["name"]: f"layer {n}" for n, layer in enumerate(described["config"]["layers"])}
    names[described["config"]["name"]] = "network"

    def renamed(value, key):
        if isinstance(value, dict):
            return {inner: renamed(item, inner) for inner, item in value.items()}
        if isinstance(value, list):
            return [renamed(item, key) for item in value]
        return names.get(value, value) if key in ("name", "keras_history", "input_layers", "output_layers") else value

    return renamed(described, None)


def _architecture(network):
    """What a network's layers are, for telling whether two networks are built alike (list).

    Names are left out, for Keras counts them up; initializers and the like, which only training needs, are too.
    """
    unlike = ("name", "dtype", "trainable", "seed", "batch_shape")
    rows = []
    for row in layer_table(network):
        config = network.get_layer(row.layer).get_config()
        plain = {key: value for key, value in config.items() if not isinstance(value, dict)}
        rows.append([row[1:], {key: value for key, value in plain.items() if key not in unlike}])
    return json.loads(json.dumps([network.input_shape[1:], rows], default=str))


def layer_table(network):
    """The layers of a network as LayerRow tuples: name, kind, output shape without the batch axis, and the numbers of
    trainable and non-trainable parameters, all read from the network itself."""
    rows = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        fixed = sum(int(np.prod(weight.shape)) for weight in layer.non_trainable_weights)
        shape = tuple(layer.output.shape[1:])
        rows.append(LayerRow(layer.name, type(layer).__name__, shape, layer.count_params() - fixed, fixed))
    return rows


def multiply_adds(network):
    """How many multiplications, each with its addition, the network's convolutions and dense layers take for one input.

    Read off the layers: a convolution uses each of its weights once for every pixel that it gives, a dense layer once.
    Pooling, normalising and activations are left out, and so are biases.
    """
    weighted = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)]
    return sum(int(np.prod([*layer.kernel.shape, *layer.output.shape[1:-1]])) for layer in weighted)


def outputs_of(network, inputs, layer_numbers):
    """What some of a network's layers give for inputs (n, ...): a list of arrays, one a layer, in the order asked for.

    layer_numbers : positions in network.layers.
    """
    wanted = [network.layers[number].output for number in layer_numbers]
    found = keras.Model(network.inputs[0], wanted)(inputs, training=False)
    return [keras.ops.convert_to_numpy(each) for each in found]


def probabilities(network, inputs, batch_size=250):
    """Class probabilities, float32 (n, classes), of inputs (n, ...) in their order.

    Calls the network batch by batch: `predict` would compile it anew for each of the many networks of a chapter.
    """
    batches = [inputs[start : start + batch_size] for start in range(0, len(inputs), batch_size)]
    return np.concatenate([keras.ops.convert_to_numpy(network(batch, training=False)) for batch in batches])
