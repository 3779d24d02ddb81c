"""How fast each network of chapter 05 trains and labels, and what share of the machine's arithmetic that is.

Run by hand from the project's folder: make bench ONLY=training
It takes a minute or two and writes outputs/results/cnn_speed.json, which the chapter quotes. The yardstick is the
machine's own speed at multiplying large matrices, measured in the same run and the same precision. On a CPU all
seconds are the processor's, summed over its cores, so that a busy machine shifts them little; on an accelerator, where
the processor only waits, they are the clock's.
"""

import time
from datetime import UTC, datetime

import numpy as np

from helpers.core import project, store
from helpers.core.backend import device_name, keras
from helpers.fashion import networks
from tests.benchmarks.gather import machine

BATCH = 256
STEPS = 3
SIDE = 3072  # of the square matrices
NAMES = ("v1", "v2", "v3")


def clock():
    """Processor seconds on a CPU, the clock's on an accelerator."""
    return time.process_time() if device_name().startswith("CPU") else time.perf_counter()


def best_of(call, times=2):
    """The shortest of some durations of a call, after one that does not count."""
    call()
    durations = []
    for _ in range(times):
        began = clock()
        call()
        durations.append(clock() - began)
    return min(durations)


def matmul_peak(dtype):
    """Floating-point operations per second in a product of two large matrices."""
    random = np.random.default_rng(0)
    a = keras.ops.cast(keras.ops.convert_to_tensor(random.normal(size=(SIDE, SIDE)).astype("float32")), dtype)

    def four_products():
        product = a
        for _ in range(4):
            product = keras.ops.matmul(product, a) / SIDE
        keras.ops.convert_to_numpy(keras.ops.cast(product, "float32"))

    return 4 * 2 * SIDE**3 / best_of(four_products, times=12)


def training_speed(network, precision):
    """Images per second of Keras' fit(): forward, backward and the optimiser's step."""
    model = networks.fresh_copy(network, 0, precision)
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True), loss="sparse_categorical_crossentropy"
    )
    random = np.random.default_rng(0)
    images = random.random((BATCH * STEPS, 28, 28, 1), dtype=np.float32)
    labels = random.integers(0, 10, len(images)).astype("int32")
    return len(images) / best_of(lambda: model.fit(images, labels, batch_size=BATCH, verbose=0))


def labelling_speed(network):
    """Images per second of models.probabilities(), in float32."""
    images = np.random.default_rng(0).random((1000, 28, 28, 1), dtype=np.float32)
    return len(images) / best_of(lambda: networks.probabilities(network, images, 500))


def main():
    peaks = {precision: matmul_peak(precision) for precision in ("bfloat16", "float32")}
    found = {}
    for name in NAMES:
        network = networks.load(project.MODELS / "cnn" / f"{name}-0.keras", "make train ONLY=05_cnn")
        work = networks.multiply_adds(network)
        mixed, single = training_speed(network, "mixed_bfloat16"), training_speed(network, "float32")
        labelling = labelling_speed(network)
        found[name] = {
            "multiply_adds": work,
            "training": mixed,
            "training_float32": single,
            "labelling": labelling,
            "training_share": 6 * work * mixed / peaks["bfloat16"],  # two for the forward pass, four for the backward
            "training_share_float32": 6 * work * single / peaks["float32"],
            "labelling_share": 2 * work * labelling / peaks["float32"],
        }
        print(f"{name}: trained {mixed:.0f}, labelled {labelling:.0f} images a second of a core", flush=True)
    facts = {key: value for key, value in machine().items() if key in ("processor", "cores", "system", "numpy")}
    record = {
        "made_with": {
            **facts, "device": device_name(), "backend": keras.backend.backend(), "keras": keras.__version__,
            "date": datetime.now(UTC).date().isoformat(),
        },
        "per": "second and core" if device_name().startswith("CPU") else "second",
        "batch": BATCH,
        "matmul_flops": peaks,
        "networks": found,
    }  # fmt: skip
    store.write_json(project.RESULTS / "cnn_speed.json", store.rounded(record, 4))


if __name__ == "__main__":
    main()
