"""Whose money it is: the rules of allocation, and the SQL that they become."""
