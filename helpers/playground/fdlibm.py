"""sin, cos and log as V8 computes them in Node 20 and did in Chrome of 2019: fdlibm's steps on NumPy arrays.

The machine's C library is never called: its functions and NumPy's differ from these, and from each other between machines, in
the last bit. Constants and order of operations are fdlibm's (Sun Microsystems 1993, freely usable).
"""

import numpy as np

PIO2_1, PIO2_1T = 1.57079632673412561417e00, 6.07710050650619224932e-11  # pi/2 in pieces: 33 bits, and the rest
PIO2_2, PIO2_2T = 6.07710050630396597660e-11, 2.02226624879595063154e-21  # that rest: 33 bits, and its rest
TWO_OVER_PI = 6.36619772367581382433e-01
LN2_HI, LN2_LO = 6.93147180369123816490e-01, 1.90821492927058770002e-10


def _high_word(x):
    """The upper 32 bits of each double, as int64."""
    return np.ascontiguousarray(x).view(np.int64) >> 32


def _reduced(x):
    """x = n pi/2 + y0 + y1 with |y0| below pi/4: the arrays (n, y0, y1). For |x| below 16."""
    size = np.abs(x)
    high = _high_word(size)
    n = np.where(high <= 0x3FE921FB, 0.0, np.floor(size * TWO_OVER_PI + 0.5))
    r = size - n * PIO2_1
    w = n * PIO2_1T
    y0 = r - w

    lost = (high >> 20) - ((_high_word(y0) >> 20) & 0x7FF)  # bits that cancelled
    near = (high == _high_word(n * (np.pi / 2))) & (lost > 16)
    r2 = r - n * PIO2_2
    w2 = n * PIO2_2T - ((r - r2) - n * PIO2_2)
    r, w = np.where(near, r2, r), np.where(near, w2, w)
    y0 = r - w
    y1 = (r - y0) - w
    negative = np.signbit(x)
    return np.where(negative, -n, n).astype(np.int64), np.where(negative, -y0, y0), np.where(negative, -y1, y1)


def _kernel_sin(n, x, y):
    z = x * x
    v = z * x
    r = 8.33333333332248946124e-03 + z * (
        -1.98412698298579493134e-04
        + z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10))
    )
    s1 = -1.66666666666666324348e-01
    full = np.where(n == 0, x + v * (s1 + z * r), x - ((z * (0.5 * y - v * r) - y) - v * s1))
    return np.where(np.abs(x) < 2.0**-27, x, full)


def _kernel_cos(x, y):
    z = x * x
    r = 2.48015872894767294178e-05 + z * (
        -2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)
    )
    r = z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * r))
    high = _high_word(np.abs(x))
    quarter = ((high - 0x00200000) << 32).view(np.float64)  # about |x| / 4
    q = np.where(high < 0x3FD33333, 0.0, np.where(high > 0x3FE90000, 0.28125, quarter))
    return (1.0 - q) - ((0.5 * z - q) - (z * r - x * y))


def sin(x, quarters=0):
    """sin of a float array with |x| below 16, and so many quarters of a turn, as V8 gives it."""
    n, y0, y1 = _reduced(np.asarray(x, dtype=float))
    sine, cosine = _kernel_sin(n, y0, y1), _kernel_cos(y0, y1)
    return np.choose((n + quarters) & 3, [sine, cosine, -sine, -cosine])


def cos(x):
    """cos of a float array with |x| below 16, as V8 gives it."""
    return sin(x, 1)


def log(x):
    """The natural logarithm of a float array of normal positive numbers, as V8 gives it."""
    bits = np.ascontiguousarray(x, dtype=float).view(np.int64)
    high = (bits >> 32) & 0xFFFFF
    carry = (high + 0x95F64) & 0x100000  # set where the mantissa is above sqrt(2), and halved
    k = ((bits >> 52) - 1023 + (carry >> 20)).astype(float)
    mantissa = ((high | (carry ^ 0x3FF00000)) << 32) | (bits & 0xFFFFFFFF)
    f = mantissa.view(np.float64) - 1.0

    s = f / (2.0 + f)
    z = s * s
    w = z * z
    t1 = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    t2 = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
    r = z * (6.666666666666735130e-01 + w * t2) + t1
    half = 0.5 * f * f
    low = k * LN2_LO
    tiny = f * f * (0.5 - 0.33333333333333333 * f) - low
    middle = half - (s * (half + r) + low)
    outer = s * (f - r) - low
    within = (high >= 0x6147A) & (high <= 0x6B851)
    inner = np.where((0xFFFFF & (2 + high)) < 3, tiny, np.where(within, middle, outer))
    return k * LN2_HI - (inner - f)
