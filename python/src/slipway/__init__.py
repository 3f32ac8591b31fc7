"""Slipway's Python package: the `slipway` program and `slipway.testing`, a server for tests."""
