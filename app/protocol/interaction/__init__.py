"""What a person still has to do before a code can be issued."""
