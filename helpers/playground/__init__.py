"""Chapters 01 to 03: the TensorFlow Playground, number for number, from the address of its page.

config, datasets, seedrandom    what an address asks for, and the points and weights that the page draws for it
engine, kernels, lanes, fdlibm  training, for one seed or for hundreds, to the last bit of Node 20 and Chrome of 2019
features                        what networks have learned: layers, neurons, input features
sweeps, searches                settings over many seeds; and the searches that take long and are stored
charts, seed_charts, warped     pictures of networks, of seeds, and of the plane behind a hidden layer
cli                             the command `python -m helpers playground`
live                            the site's player as the output of a notebook's cell
"""
