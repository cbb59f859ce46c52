"""What time, cameras, scanners and files do to photographs, as seeded functions."""
