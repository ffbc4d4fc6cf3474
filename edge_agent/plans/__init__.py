"""Test plans: YAML files that say what to do with which instrument, what to measure, and what is acceptable.

``load`` reads and checks a plan, ``runner`` runs it on a rack and journals every outcome, ``diagnosis`` turns failing
measurements into ranked suspects. docs/test-plans.md is the reference for authors.
"""
