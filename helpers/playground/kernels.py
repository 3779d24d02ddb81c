"""The compiled loops: double arithmetic in one written order, so that the bits depend on nothing else.

exp and tanh follow fdlibm, as V8 does in Node 20 and did in Chrome of 2019, operation for operation, with its branches turned
into selections so that a row of seeds fills SIMD lanes: their results equal V8's, bit for bit. Two things guard that:
nothing is contracted into fused multiply-adds (numba does so only under `fastmath`), and the machine's C library is
never called. So neither the processor, nor the threads, nor the seeds that share a row can change a digit.

Layout: arrays end in the lane axis, one lane a seed, LANES to a row. Links are counted layer by layer, for each neuron
its incoming links in order; neurons layer by layer. `outputs` and `deltas` hold the inputs' rows first, then the neurons'.

numba's cache notices when this file changes, but not when an import does: the functions are compiled under a name that
holds the digest of lanes.py, the one import that they use.
"""

import hashlib
import math
from pathlib import Path

import numba
import numpy as np
from llvmlite import binding

from helpers.playground import lanes
from helpers.playground.lanes import LANES, get, put, row_of, shifted_into_exponent, where

SIGMOID, TANH, RELU, LINEAR = range(4)
NO_PENALTY, L1, L2 = range(3)
RECORD_TRAIN, RECORD_TEST = 1, 2

# fdlibm's constants (Sun Microsystems 1993, freely usable): ln 2 in two pieces, and where its cases part
LN2_HI = 6.93147180369123816490e-01
LN2_LO = 1.90821492927058770002e-10
INV_LN2 = 1.44269504088896338700e00
NEVER_REDUCED = float.fromhex("0x1.62e43p-2")
SMALL = 2.0**-28
SHIFTER = 1.5 * 2.0**52  # a whole number added to it stands in the low bits of the sum


# 512-bit registers, where the processor has them: LLVM prefers 256 bits on servers, a quarter slower here. No digit changes.
if (_processor := binding.get_host_cpu_features()).get("avx512f") and not numba.config.CPU_FEATURES:
    numba.config.CPU_FEATURES = f"{_processor.flatten()},-prefer-256-bit"


_inner = numba.njit(error_model="numpy")  # for use inside the compiled functions; division by zero is as in JavaScript

_LANES_DIGEST = hashlib.sha256(Path(lanes.__file__).read_bytes()).hexdigest()[:12]


def _compiled(signature):
    """Compile for one signature at import, or load what an earlier process left in numba's cache.

    numba writes the cache beside this file, else in the user's cache folder (or in NUMBA_CACHE_DIR), by atomic
    renames; one signature a function means that two processes at once write the same thing. Where no folder can be
    written, the function is compiled anew in every process.
    """

    def compile_now(function):
        function.__qualname__ += f"_{_LANES_DIGEST}"
        options = {"error_model": "numpy", "nogil": True}
        try:
            return numba.njit(signature, cache=True, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            return numba.njit(signature, **options)(function)

    return compile_now


# --- exp and tanh of a row ----------------------------------------------------------------------------------------------


@_inner
def _power_of_two(k):
    """2**k for a whole number k from -1022 to 1023, itself a float."""
    return shifted_into_exponent(k + (SHIFTER + 1023.0))


@_inner
def _multiple_of_ln2(x):
    """The k of fdlibm's reduction x = k ln 2 + r, as a float.

    fdlibm rounds halves away from zero, this rounds them to even: it differs for those few x (about one in each ln 2)
    whose quotient by ln 2 rounds to exactly a half, and there only in which of two good reductions is taken.
    """
    k = (INV_LN2 * x + SHIFTER) - SHIFTER
    return where(abs(x) < NEVER_REDUCED, 0.0, k)


@_inner
def _sigmoid(x):
    """1 / (1 + exp(-x)), V8's exp.

    fdlibm's special value at exp(1) is left out: both neighbours give the same sigmoid.
    """
    z = where(x > 60.0, -60.0, -x)  # below -60, 1 + exp(z) is 1
    z = where(z > 710.0, 710.0, z)  # above 709.8, exp(z) is infinite
    k = _multiple_of_ln2(z)
    hi = z - k * LN2_HI
    lo = k * LN2_LO
    r = hi - lo
    t = r * r
    p = -2.77777777770155933842e-03 + t * (
        6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
    )
    c = r - t * (1.66666666666666019037e-01 + t * p)
    y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi)
    y = y * _power_of_two(k - 1.0) * 2.0  # in two steps, because 2**1024 is no double
    y = where(abs(z) < SMALL, 1.0 + z, y)
    return 1.0 / (1.0 + y)


@_inner
def _tanh(x):
    """V8's tanh: from t = expm1(2|x|), or expm1(-2|x|) below 1."""
    size = abs(x)
    large = size >= 1.0
    u = where(size > 22.0, 22.0, size)
    a = where(large, 2.0 * u, -2.0 * u)

    k = _multiple_of_ln2(a)
    hi = a - k * LN2_HI
    lo = k * LN2_LO
    r = hi - lo
    c = (hi - r) - lo
    half = 0.5 * r
    s = r * half
    p = -7.93650757867487942473e-05 + s * (4.00821782732936239552e-06 + s * -2.01099218183624371326e-07)
    r1 = 1.0 + s * (-3.33333333333331316428e-02 + s * (1.58730158725481460165e-03 + s * p))
    t = 3.0 - r1 * half
    e = s * ((r1 - t) / (6.0 - r * t))
    e = (r * (e - c) - c) - s
    d = e - r
    scale = _power_of_two(k)
    inverse = _power_of_two(-k)
    outer = (1.0 - d) * scale - 1.0
    negative = where(k == 0.0, -d, where(k == -1.0, -0.5 * d - 0.5, outer))
    positive = where(k < 20.0, ((1.0 - inverse) - d) * scale, ((r - (e + inverse)) + 1.0) * scale)
    positive = where(k > 56.0, outer, positive)
    t = where(large, positive, negative)

    q = where(large, 2.0, -t) / (t + 2.0)
    z = where(large, 1.0 - q, q)
    z = where(size >= 22.0, 1.0, z)
    return where(size < SMALL, x, math.copysign(z, x))


# --- a network of LANES seeds ------------------------------------------------------------------------------------------


@_inner
def _activate(rows, start, stop, activation):
    """Apply the activation to the rows start..stop-1, in place."""
    if activation == SIGMOID:
        for i in range(start, stop):
            put(rows, i, _sigmoid(get(rows, i)))
    elif activation == TANH:
        for i in range(start, stop):
            put(rows, i, _tanh(get(rows, i)))
    elif activation == RELU:
        for i in range(start, stop):
            x = get(rows, i)
            put(rows, i, where(x <= 0.0, 0.0, x))


@_inner
def _times_slope(delta, output, activation):
    """delta times the activation's derivative, which the neuron's output tells."""
    if activation == SIGMOID:
        return delta * (output * (1.0 - output))
    if activation == TANH:
        return delta * (1.0 - output * output)
    if activation == RELU:
        return delta * where(output <= 0.0, 0.0, 1.0)
    return delta


@_inner
def _forward(shape, activations, weights, biases, inputs, point, outputs):
    """Fill `outputs` for one point; the last row is the network's answer."""
    for j in range(shape[0]):
        put(outputs, j, get(inputs, point * shape[0] + j))
    link = 0
    row = shape[0]
    for layer in range(1, shape.size):
        start = row
        for _ in range(shape[layer]):
            total = get(biases, row - shape[0])
            for j in range(start - shape[layer - 1], start):
                total = total + get(weights, link) * get(outputs, j)
                link += 1
            put(outputs, row, total)
            row += 1
        _activate(outputs, start, row, activations[layer - 1])


@_inner
def _backward(shape, activations, weights, labels, point, outputs, deltas, weight_sums, bias_sums):
    """Add the gradients at one point, for which `outputs` was filled, to the running sums."""
    stop = outputs.shape[0]  # rows start..stop-1 are the layer, rows before..start-1 the one below it
    link = weights.shape[0]
    put(deltas, stop - 1, get(outputs, stop - 1) - get(labels, point))
    for layer in range(shape.size - 1, 0, -1):
        start = stop - shape[layer]
        before = start - shape[layer - 1]
        link -= shape[layer] * shape[layer - 1]
        for i in range(start, stop):
            delta = _times_slope(get(deltas, i), get(outputs, i), activations[layer - 1])
            put(deltas, i, delta)
            put(bias_sums, i - shape[0], get(bias_sums, i - shape[0]) + delta)
        for j in range(before, start):
            output = get(outputs, j)
            upstream = row_of(0.0)
            k = link + j - before
            for i in range(start, stop):
                delta = get(deltas, i)
                put(weight_sums, k, get(weight_sums, k) + delta * output)
                if layer > 1:
                    upstream = upstream + get(weights, k) * delta
                k += shape[layer - 1]
            put(deltas, j, upstream)
        stop = start


@_inner
def _update(rate, penalty, penalty_rate, count, weights, biases, alive, weight_sums, bias_sums):
    """One step along the mean of `count` points' gradients, which are then forgotten."""
    for i in range(biases.shape[0]):
        put(biases, i, get(biases, i) - rate * get(bias_sums, i) / count)
        put(bias_sums, i, row_of(0.0))
    step = rate / count
    shrink = rate * penalty_rate
    for k in range(weights.shape[0]):
        before = get(weights, k)
        stepped = before - step * get(weight_sums, k)
        if penalty == L1:
            shrunk = stepped - shrink * where(before < 0.0, -1.0, where(before > 0.0, 1.0, 0.0))
            living = where(stepped * shrunk < 0.0, 0.0, get(alive, k))
            put(alive, k, living)
            put(weights, k, where(living == 0.0, 0.0, shrunk))
        elif penalty == L2:
            put(weights, k, stepped - shrink * before)
        else:
            put(weights, k, stepped)
        put(weight_sums, k, row_of(0.0))


@_inner
def _loss(shape, activations, weights, biases, inputs, labels, start, stop, outputs):
    """The mean over points start..stop-1 of half the squared error: a row."""
    total = row_of(0.0)
    for point in range(start, stop):
        _forward(shape, activations, weights, biases, inputs, point, outputs)
        error = get(outputs, outputs.shape[0] - 1) - get(labels, point)
        total = total + 0.5 * (error * error)
    return total / float(stop - start)


@_inner
def _unchanged(arrays, before):
    """Whether arrays have the bits that they had before (0 and -0 differ), which are brought up to date."""
    unchanged = True
    for now, then in zip(arrays, before):  # noqa: B905 - numba knows no strict
        unchanged &= np.array_equal(now.view(np.int64), then.view(np.int64))
        then[:] = now
    return unchanged


@_inner
def _keep(weights, biases, alive, lane, kept_weights, kept_biases, kept_alive):
    kept_weights[:, lane] = weights[:, lane]
    kept_biases[:, lane] = biases[:, lane]
    kept_alive[:, lane] = alive[:, lane]


_ROWS = "float64[:,::1]"
_STACK = "float64[:,:,::1]"


@_compiled(
    f"void(int64[::1], int64[::1], int64, float64, float64, int64, {_ROWS}, {_ROWS}, int64, int64, int64, float64, int64[::1],"
    f" {_ROWS}, {_ROWS}, {_ROWS}, {_ROWS}, {_ROWS}, {_ROWS}, {_ROWS}, {_ROWS}, {_ROWS}, {_ROWS}, {_STACK}, int64[::1])"
)
def train_block(
    shape, activations, penalty, rate, penalty_rate, batch, inputs, labels, n_train, first_epoch, count, stop_below, record,
    weights, biases, alive, weight_sums, bias_sums, outputs, deltas, kept_weights, kept_biases, kept_alive, losses, stopped
):  # fmt: skip
    """Train a block of LANES seeds for `record.size` epochs; epoch 0 trains nothing and only records.

    shape : layer sizes, inputs first, 1 last.   activations : of each layer but the inputs.
    inputs (points * features, LANES), labels (points, LANES): training points first.   record : RECORD_*
    bits an epoch.   count : points that `weight_sums` and `bias_sums` already hold.
    alive : 1.0, or 0.0 for a link that L1 has cut for good.   outputs, deltas (neurons and inputs, LANES): to work in.
    stopped : epoch at which a lane's test loss fell below `stop_below`, -1 before; such a lane's parameters are kept as
    they were then (watching needs RECORD_TEST).
    After an epoch of whole batches that changed no bit of the parameters no other would: the rest is only recorded.
    Changes in place: weights to deltas, `stopped`, `losses` (epochs, 2, LANES), and, of lanes that were not stopped,
    `kept_*`: what a lane had when it stopped, else what it has now.
    """
    parameters, before, at_rest = (weights, biases, alive), (weights.copy(), biases.copy(), alive.copy()), False
    for epoch in range(first_epoch, first_epoch + record.size):
        if epoch > 0 and not at_rest:
            begins_whole = count == 0
            for point in range(n_train):
                _forward(shape, activations, weights, biases, inputs, point, outputs)
                _backward(shape, activations, weights, labels, point, outputs, deltas, weight_sums, bias_sums)
                count += 1
                if (point + 1) % batch == 0:
                    _update(rate, penalty, penalty_rate, float(count), weights, biases, alive, weight_sums, bias_sums)
                    count = 0
            at_rest = _unchanged(parameters, before) and begins_whole and count == 0
        row = epoch - first_epoch
        if record[row] & RECORD_TRAIN:
            loss = _loss(shape, activations, weights, biases, inputs, labels, 0, n_train, outputs)
            put(losses[row], 0, loss)
        if record[row] & RECORD_TEST:
            loss = _loss(shape, activations, weights, biases, inputs, labels, n_train, len(labels), outputs)
            put(losses[row], 1, loss)
            running = 0
            for lane in range(LANES):
                if stopped[lane] < 0 and losses[row, 1, lane] < stop_below:
                    stopped[lane] = epoch
                    _keep(weights, biases, alive, lane, kept_weights, kept_biases, kept_alive)
                running += stopped[lane] < 0
            if running == 0:
                break
    for lane in range(LANES):
        if stopped[lane] < 0:
            _keep(weights, biases, alive, lane, kept_weights, kept_biases, kept_alive)


@_compiled(f"void({_ROWS}, int64)")
def activate(rows, activation):
    """Apply the activation to every value of an array (n, LANES), in place."""
    _activate(rows, 0, rows.shape[0], activation)


@_compiled("void(uint8[::1], int64[::1], float64[::1])")
def draw(state, counters, numbers):
    """Fill `numbers` with seedrandom's next doubles; `state` and `counters` (i, j) are its ARC4 cipher, moved on."""
    i, j = counters
    for index in range(numbers.size):
        n = 0  # the bytes drawn, as one integer; below 2**60 all the way
        taken = 0
        bits = 48
        while taken < 6 or n < 2**52:
            i = (i + 1) & 255
            t = np.int64(state[i])
            j = (j + t) & 255
            state[i] = state[j]
            state[j] = t
            n = n * 256 + state[(np.int64(state[i]) + t) & 255]
            taken += 1
            bits += 8 if taken > 6 else 0
        while n >= 2**53:
            n >>= 1
            bits -= 1
        numbers[index] = n / 2.0**bits
    counters[0] = i
    counters[1] = j
