"""What a user sees: event files, pages, figures, terminal output, commands to copy."""
