"""Chapters 01 to 03: the TensorFlow Playground, number for number, from the address of its page.

config, seedrandom, datasets  what an address asks for, and the points that the page draws for it
kernels, fdlibm, engine       training, for one seed or for hundreds, to the last bit
features, sweeps              what networks have learned, and settings tried over many seeds
charts, cli                   pictures, and the command `python -m helpers playground`
live                          the site's player as the output of a notebook's cell
"""
