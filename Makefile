# Every job is one of dev.py, which is also the command where there is no make (Windows: python dev.py report).
PYTHON ?= python3

.PHONY: help report test check lock bench clean setup
help:
	@$(PYTHON) dev.py --help
report test check lock bench clean setup:
	@$(PYTHON) dev.py $@ $(ARGS)
