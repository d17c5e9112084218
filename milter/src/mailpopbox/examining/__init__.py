"""What the doctor asks: the host, its ports and the DNS. What it makes of it is in `doctor/`."""
