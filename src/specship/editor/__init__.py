"""What an editor asks while somebody writes: diagnostics, names, meanings, places and safe fixes."""
