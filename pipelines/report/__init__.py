"""The numbers of a report about an output, and how they are added up from its rows."""
