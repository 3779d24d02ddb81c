"""What every room stands on: places, profiles and seeds, whole files, statistics, the look of figures, Keras."""
