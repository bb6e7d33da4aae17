"""SQL of the statements, with `getvariable` for what is asked for."""
