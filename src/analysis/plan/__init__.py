"""What is measured, what is open and what is promised: the plan as its file declares it."""
