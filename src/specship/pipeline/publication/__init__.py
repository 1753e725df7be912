"""Publication: card, origin, licences and manifest of what is uploaded, and reading it back."""
