"""The proof that ships with the rules: situations as promtool tests, made from the objective itself."""
