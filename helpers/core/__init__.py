"""What every room stands on: places, profiles and seeds, our environment, whole files, statistics, the look of figures, Keras."""
