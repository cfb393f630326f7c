"""What a person sees: event files, pages, figures and terminal output."""
