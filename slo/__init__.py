"""SLO files in OpenSLO v1 and what is derived from them. Pure: reads files, imports nothing of ours."""
