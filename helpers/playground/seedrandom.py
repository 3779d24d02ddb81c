"""The page's random numbers: the seedrandom library's ARC4 (version 2.4), seeded with a string."""

import numpy as np

WIDTH = 256


class SeedRandom:
    """The stream that `Math.seedrandom(seed)` starts. The seed is text: "0.5" and "0.50000" give different numbers."""

    def __init__(self, seed):
        key, smear = [], 0  # the cipher's key: the seed's UTF-16 units, folded over themselves beyond 256
        for position, unit in enumerate(np.frombuffer(seed.encode("utf-16-le"), dtype=np.uint16).tolist()):
            if position < WIDTH:
                key.append(unit % WIDTH)
            else:
                smear ^= key[position % WIDTH] * 19
                key[position % WIDTH] = (smear + unit) % WIDTH
        key = key or [0]
        state, j = list(range(WIDTH)), 0
        for i in range(WIDTH):
            j = (j + key[i % len(key)] + state[i]) % WIDTH
            state[i], state[j] = state[j], state[i]
        i = j = 0
        for _ in range(WIDTH):  # the library throws the cipher's first bytes away
            i = (i + 1) % WIDTH
            j = (j + state[i]) % WIDTH
            state[i], state[j] = state[j], state[i]
        self._state = np.array(state, dtype=np.uint8)
        self._counters = np.array([i, j], dtype=np.int64)

    def uniforms(self, count):
        """The next `count` numbers, uniform in [0, 1): float array (count,)."""
        from helpers.playground import kernels

        numbers = np.empty(count)
        kernels.draw(self._state, self._counters, numbers)
        return numbers
