# The two commands: `make run` and `make test`. Nothing else has to be installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench faults guide lock clean

run: $(VENV)/installed
	@exec $(BIN)/python -m regalbuto_urp.run

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 $(PYTEST)

# How fast it is here; BENCH="--quick", or BENCH="--only pace alerts". Fails on ratios only.
bench: $(VENV)/installed
	@$(BIN)/python -m tests.benchmarks $(BENCH)

# Each crash point twenty times, two hundred kills at random, 20,000 bent webhooks, 5,000 broken files: about 40 minutes; SEED=…
# repeats a run.
faults: $(VENV)/installed
	FAULTS=long $(BIN)/python -m pytest -v -rP tests/faults tests/whatsapp/test_webhook_fuzz.py tests/whatsapp/test_file_fuzz.py tests/subscribers/test_importing.py $(PYTEST)

# The pictures of docs/guida/ and its count of clicks, made from the running service: about five minutes.
guide: $(VENV)/installed
	@$(BIN)/python -m tests.guide

$(VENV)/installed: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Serve Python 3.11 o più recente."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || sh .ci/install-venv $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Pinned for every Python from 3.11.0 on; no package index is named.
lock:
	uv pip compile --universal --python-version 3.11.0 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11.0 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --custom-compile-command "make lock" pyproject.toml --group dev --group simulator \
	  -o requirements-dev.lock

# Removes the practice data too.
clean:
	@if [ -x $(BIN)/python ]; then rm -rf "$$($(BIN)/python -c 'from regalbuto_urp.local import home; print(home())')"; fi
	rm -rf $(VENV) .local staticfiles media .mypy_cache .ruff_cache .pytest_cache .hypothesis
