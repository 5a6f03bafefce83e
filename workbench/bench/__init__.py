"""What the platform costs and how much it holds, measured in one run and written into the documentation."""
