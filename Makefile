# Everything a developer does, by `make`; `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
SCENARIO ?= default
SECONDS ?= 60
ROUNDS ?= 5
MESSAGES ?= 100000
MESSAGE_IDS ?= 10000000
SCENARIOS := believed full acme several control default sendas ledger
PARTS := lint unit trial postgres $(SCENARIOS)
JOBS ?= 3

# Molecule finds Ansible by PATH. It would load every scenario for any of them, and keep its state
# under a hash of the checkout's name, where two checkouts meet.
tools := . containers/env && PATH="$(CURDIR)/.venv/bin:$$PATH"
molecule = $(tools) MOLECULE_COMMAND_BORDERS=0 MOLECULE_GLOB="molecule/$(SCENARIO)/molecule.yml" \
    MOLECULE_EPHEMERAL_DIRECTORY="$(CURDIR)/.cache/molecule/$(SCENARIO)" \
    molecule --base-config molecule/shared/base.yml

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 21

.PHONY: try
try: ## a complete server in a local container, for a look; VARS="key=value …" sets its knobs
	@tools/bootstrap try
	@$(tools) trial/up.py "$$VARS"

.PHONY: try-stop
try-stop: ## remove that server
	@$(tools) trial/down

.PHONY: dns-apply
dns-apply: ## set the DNS records at your provider, once you have seen the plan: ZONES="…", YES=1, TLSA=1
	@tools/dns-apply $(if $(YES),--yes) $(if $(TLSA),--tlsa) --replace="$$REPLACE" --options="$$OPTIONS" $$ZONES

.PHONY: test
test: env ## everything: linters, unit tests, all scenarios on Debian 12 and 13, `make try`
	@$(MAKE) --no-print-directory --jobs=$(JOBS) $(call labelled,$(PARTS))

# They mostly wait, so some run at a time: what fails soonest first, then the longest.
labelled = $(addprefix labelled-,$(1))
.PHONY: $(call labelled,$(PARTS))
$(call labelled,lint unit postgres trial): labelled-%:
	@tools/labelled $* $(MAKE) --no-print-directory $*
$(call labelled,$(SCENARIOS)): labelled-%:
	@tools/labelled $* $(MAKE) --no-print-directory molecule SCENARIO=$*
$(call labelled,postgres $(SCENARIOS) trial): images

.PHONY: images
images: env ## the containers' images of Debian 12 and 13
	@. containers/env && for image in debian:12 debian:13 packaged:12 packaged:13 neighbours:13; do \
	    containers/build-image "localhost/mailpopbox-$$image" || exit; \
	done

.PHONY: env
env: ## install what the tests need: Podman and man by apt, Ansible and the like in .venv
	@tools/bootstrap

.PHONY: lint
lint: env ## ruff, mypy, yamllint, ansible-lint
	$(tools) ruff check
	$(tools) ruff format --check
	$(tools) mypy
	$(tools) yamllint .
	$(tools) ansible-lint

.PHONY: unit
unit: env ## pytest over tests/, without a server
	$(tools) pytest $(if $(COVERAGE),--cov)

# What these commands do has nothing to do with the ledger.
without_ledger := $(addprefix --ignore=tests/commands/test_,certifying.py dkim.py dns.py doctor.py inquiring.py)

.PHONY: postgres
postgres: env ## the tests of the ledger and the commands again, on a PostgreSQL in a container
	$(tools) postgres/with pytest $(if $(COVERAGE),--cov --cov-append) $(without_ledger) tests/ledger tests/commands postgres

.PHONY: coverage
coverage: ## both once more, slower, and which lines of the package none of them runs
	@$(MAKE) --no-print-directory unit COVERAGE=1
	@$(MAKE) --no-print-directory postgres COVERAGE=1

.PHONY: fuzz
fuzz: ## look for messages that the rules let leak or break on, for SECONDS=60
	@tools/other-env fuzz
	@mkdir -p .cache/fuzz/corpus
	cd .cache/fuzz && PYTHONPATH="$(CURDIR)/milter/src:$(CURDIR)/tests/shared" \
	    "$(CURDIR)/.cache/fuzz-env/bin/python" "$(CURDIR)/fuzz/rules.py" -dict="$(CURDIR)/fuzz/rules.dict" \
	    -max_len=600 -max_total_time=$(SECONDS) corpus "$(CURDIR)/fuzz/corpus"

.PHONY: mutants
mutants: ## break the rules in a thousand ways, and list what no test notices (half an hour)
	@tools/other-env mutants
	@tools/mutants

.PHONY: bench-milter
bench-milter: env ## how fast with our milter, none, or OpenDKIM: ROUNDS=5; memory over MESSAGES=100000
	@$(tools) python bench/compare_milters.py --rounds $(ROUNDS) --messages $(MESSAGES)

.PHONY: bench-ledger
bench-ledger: env ## how fast with and without the ledger, and with MESSAGE_IDS=10000000 in it: ROUNDS=5
	@$(tools) python bench/compare_ledgers.py --rounds $(ROUNDS) --message-ids $(MESSAGE_IDS)

.PHONY: bench-memory
bench-memory: converge ## what each unit of SCENARIO's servers takes when nothing happens: SCENARIO=default
	@$(tools) python bench/measure_memory.py mailpopbox-$(SCENARIO)-12 mailpopbox-$(SCENARIO)-13

.PHONY: molecule
molecule: env ## one scenario from nothing to nothing: SCENARIO=default, full, sendas, ledger …
	$(molecule) test --scenario-name $(SCENARIO)

.PHONY: converge verify destroy
converge: env ## create and deploy SCENARIO's containers, and leave them
	$(molecule) converge --scenario-name $(SCENARIO)

verify: env ## run the behaviour tests on them
	$(molecule) verify --scenario-name $(SCENARIO)

destroy: env ## remove them
	$(molecule) destroy --scenario-name $(SCENARIO)

.PHONY: trial
trial: env ## `make try` as somebody new uses it; a trial that runs is removed
	$(tools) pytest -v --exitfirst trial

.PHONY: docs
docs: env ## write docs/variables.md anew from the specs
	$(tools) tools/document-variables >docs/variables.md.new && mv docs/variables.md.new docs/variables.md

.PHONY: requirements
requirements: ## renew tests/requirements*.txt (needs uv)
	cd tests && for part in requirements requirements-try requirements-fuzz requirements-mutants requirements-dns; do \
	    uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
	        --no-emit-index-url --no-emit-find-links --custom-compile-command 'make requirements' \
	        --quiet --output-file $$part.txt $$part.in || exit; \
	done

.PHONY: clean
clean: ## remove all that was made here: containers, networks, images, .venv
	@. containers/env && tools/clean
