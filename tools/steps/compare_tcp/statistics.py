"""Medians of runs, and how far they can be trusted."""

import random
from statistics import median

RESAMPLES = 4000
INSIDE = 0.95


def ratio_interval(pairs: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Of the first's median by the second's: the ratio, and the bounds between which 95 % of all ratios lie that the
    same runs give when they are drawn with repetition (the percentile bootstrap). A run's two sides had the same
    losses, so they are drawn together."""
    ratio = median(a for a, _ in pairs) / median(b for _, b in pairs)
    chance = random.Random(len(pairs))
    drawn = []
    for _ in range(RESAMPLES):
        sample = chance.choices(pairs, k=len(pairs))
        drawn.append(median(a for a, _ in sample) / median(b for _, b in sample))
    drawn.sort()
    outside = int(RESAMPLES * (1 - INSIDE) / 2)
    return ratio, drawn[outside], drawn[-1 - outside]
