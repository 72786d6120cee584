"""Measuring the portal: `python -m bench` prints what README.md beside this file keeps."""
