# make check is what every change must pass; .ci/run adds the real servers.
.PHONY: check test race lint types ui fuzz bench

check: lint test

test:
	CGO_ENABLED=0 go test ./...

race:
	go test -race ./...

lint: types
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }
	CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 go tool staticcheck ./...

# Check the types of the scripts of ui/src; needs what npm ci in ui installs, and is
# left out without it.
types:
	@if [ -x ui/node_modules/.bin/tsc ]; then cd ui && node_modules/.bin/tsc; else echo 'types: skipped; run npm ci in ui first'; fi

# Rebuild the committed web assets; needs Node.js and npm.
ui:
	cd ui && npm ci
	go run ./ui/build

# Every fuzz target in turn, for FUZZTIME each.
FUZZTIME ?= 20s
fuzz:
	@set -e; for dir in $$(git ls-files '*_test.go' | xargs grep -l '^func Fuzz' | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -ho '^func Fuzz[A-Za-z_]*' $$dir/*_test.go | cut -c6-); do \
	    echo "== $$dir $$target"; \
	    CGO_ENABLED=0 go test ./$$dir -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) | tail -1; \
	  done; done

bench:
	CGO_ENABLED=0 go test -run '^$$' -bench . -benchmem ./...
