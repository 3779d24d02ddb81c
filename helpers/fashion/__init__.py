"""Chapters 04 to 06: Fashion-MNIST, its networks and their training, principal components.

dataset, predict        the images, and from the course's CSV to `predictions.txt`
networks, training      layers, and the one way in which every network is trained
charts, pca_charts      pictures
pca                     projections, and the logistic regression on them
"""
