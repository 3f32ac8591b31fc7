"""What models try that are not to be trusted."""
