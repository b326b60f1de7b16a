# make test   everything a change must pass; the README's test command
# make race   the tests under the race detector only
# make fuzz   FUZZTIME (20s) for each fuzz target
# make docs   write the generated pages anew

GO       ?= go
FUZZTIME ?= 20s

.PHONY: build test format vet unit race fuzz tidy docs bench

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o brana ./cmd/brana

test: format vet tidy unit race fuzz

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
	$(GO) test ./gateway ./cmd/brana -run 'TestGeneratedDocs|TestPageOfE198' -update

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...
