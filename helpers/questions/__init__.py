"""Chapter 07: the sample questions, derived and checked by independent roads."""
