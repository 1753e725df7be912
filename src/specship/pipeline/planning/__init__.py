"""Planning: whether data can carry a training and what it will cost, before compute is spent."""
