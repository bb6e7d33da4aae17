"""What exists in AWS accounts: one file per family of services, read by `read.py`."""
