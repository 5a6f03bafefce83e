"""`titanium verify`: from nothing to a verdict, with a counter-check that the verdict can be believed."""
