"""Engines that answer blocks of requests: the reference, the fast one, and what they share."""
