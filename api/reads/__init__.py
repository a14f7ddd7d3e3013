"""Answers to reads, put together from stored bytes: lists, search, timelines, contradictions, the feed of
changes. Reads never write."""
