"""What specship sees where it is started: the project, the machine, and what is unusual about them."""
