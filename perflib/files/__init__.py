"""Files of this machine: where paths may lead, what was read, and private folders that go with their process."""
