"""People: users, passwords, sessions. This package has never heard of OAuth."""
