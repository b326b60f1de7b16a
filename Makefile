# make test   everything a change must pass; the README's test command. It
#             installs what is missing, where it can (.ci/packages)
# make race   the tests under the race detector only
# make fuzz   FUZZTIME (10s) for each fuzz target
# make docs   write the generated pages anew
# make bench  measure a gateway under load, beside the proxies that are
#             installed; some two minutes (docs/benchmarking.md)
# make faults  limits through every fault of gateways and Redis, and the record of
#              use through every fault of gateway and disk, as processes; some ten
#              minutes; with FAULTS='FLUSHALL|full disk' those that match
# make microbench  the benchmarks of Go, COUNT times; compare two files by benchstat

GO       ?= go
FUZZTIME ?= 10s
FAULTS   ?= .
COUNT    ?= 6
MICRO    ?= microbench.txt
VERSION  ?= $(shell git describe --always --dirty 2>/dev/null)

.PHONY: build test packages format vet unit race fuzz tidy docs bench faults microbench

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o brana ./cmd/brana

test: packages format vet tidy unit race fuzz

# Without them, what needs them is skipped.
packages:
	@.ci/packages || true

format:
	@test -z "$$(gofmt -s -l .)" || { gofmt -s -l .; echo "run gofmt -s -w on these files"; exit 1; }

vet:
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

tidy:
	$(GO) mod tidy -diff

# Allocation budgets hold only without the race detector, hence both.
unit:
	$(GO) test ./...

race:
	$(GO) test -race -timeout 20m ./...

fuzz:
	GO="$(GO)" FUZZTIME="$(FUZZTIME)" sh .ci/fuzz

docs:
	$(GO) test ./gateway ./gateway/metrics ./cmd/brana ./cmd/brana/config -run 'TestGeneratedDocs|TestPageOfE198' -update

# The gateway has its quotas in Redis, as in service, where there is one to start.
REDIS = $(if $(shell PATH="$$PATH:/usr/sbin" command -v redis-server),--redis start)

bench: build
	@test -n "$(REDIS)" || echo "redis-server is not installed: limits are embedded ones"
	./brana bench --against installed $(REDIS) --rate 1000 --duration 5s --json bench-relay.json --html bench-relay.html
	./brana bench $(REDIS) --rate 300 --duration 8s --json bench-mix.json --html bench-mix.html

faults:
	BRANA_FAULTS="$(FAULTS)" $(GO) test ./limits/ledger -run '^TestFaults$$' -count 1 -v -timeout 20m
	BRANA_FAULTS="$(FAULTS)" $(GO) test ./cmd/brana -run '^TestFaultsOf' -count 1 -v -timeout 20m

microbench:
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./... >$(MICRO)
	@echo "$(MICRO): compare it with another by benchstat"
