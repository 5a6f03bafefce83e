"""What `titanium alerts` does: generated files and their proof."""
