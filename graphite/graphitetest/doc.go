// Package graphitetest gives tests a Graphite to talk to: Fake, a fast handler
// that answers any render request with deterministic series and can be slow,
// broken or silent on demand; Recording, one recorded answer of a real server;
// and launchers of real servers, which skip the test where a program is
// missing. It is for tests and benchmarks only and knows nothing of the client
// that it tests.
package graphitetest
