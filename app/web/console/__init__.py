"""Pages where administrators look after the installation."""
