"""Chapters 04 to 06: Fashion-MNIST, its networks and their training, principal components.

fetch, dataset                    the images: found or fetched, verified, split
course_csv, predict               from the course's CSV to `predictions.txt`
architectures, networks           the layers of each network, and networks on disk
training, augmentation, runs      the one way in which every network is trained, and what is stored of a run
experiments                       which networks the report needs, and the queue that trains them
ablation, leakage, tuning         one change at a time; a validation set that leaks; the search for a better perceptron
pca                               projections, and the logistic regression on them
charts and the like               pictures
"""
