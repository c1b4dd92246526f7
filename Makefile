# make check is what every change must pass; .ci/run adds the real servers.
.PHONY: check test race lint ui fuzz bench

check: lint test

test:
	CGO_ENABLED=0 go test ./...

race:
	go test -race ./...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }
	CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 go tool staticcheck ./...

# Rebuild the committed web assets; needs Node.js and npm.
ui:
	cd ui && npm ci
	go run ./ui/build

fuzz:
	CGO_ENABLED=0 go test ./monitor -fuzz FuzzParseFile -fuzztime 30s
	CGO_ENABLED=0 go test ./sandbox/engine -fuzz FuzzParse -fuzztime 30s
	CGO_ENABLED=0 go test ./graphite -fuzz FuzzDecodeJSON -fuzztime 30s

bench:
	CGO_ENABLED=0 go test -run '^$$' -bench . -benchmem ./...
