"""Display: terminal tables, panels and progress, and images with boxes. Reads no files."""
