"""Facts in, plain English out: sentences, titles, labels and captions, one file per question.

A function here takes the facts and the table of a Result as they may be shown and returns its ``Words``. It computes no
statistic and reads no text that another function made. How perflib writes: ``docs/style.md``.
"""
