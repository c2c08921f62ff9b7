"""What is said of a dataset when it is handed on: card, datasheet, Croissant, training content."""
