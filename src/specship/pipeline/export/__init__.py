"""Export: a checkpoint written as GGUF; reading GGUF lies in `gguf`."""
