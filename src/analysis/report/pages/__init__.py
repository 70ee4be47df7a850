"""The pages: a module per report notebook, with the class that the notebook calls and its tables and figures."""
