"""Recurrent networks that classify tweets: a folder of modules for each rule file."""

__version__ = "2.0.0"
