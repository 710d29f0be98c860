"""Files of this machine: private folders that go with their process."""
