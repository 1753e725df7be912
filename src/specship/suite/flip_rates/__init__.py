"""How often gates would change their verdicts on healthy material: records against the project of today."""
