"""How a step is carried out: batches read ahead, compiling, precision, figures that arrive later."""
