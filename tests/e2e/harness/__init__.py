"""What the end-to-end tests are made of: the lab, the headend, clients, and ways to look at them. One idea a file."""
