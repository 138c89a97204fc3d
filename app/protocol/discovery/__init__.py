"""What the server says about itself: metadata and keys."""
