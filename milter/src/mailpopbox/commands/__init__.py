"""What one does on the server with `mailpopbox`: a module for each group of commands."""
