// Package demo is a Graphite with a life of its own, and monitors to learn
// from. NewGraphite answers render, find and function requests in process: the
// functions are real (carbonapi's), the series are those of an imaginary shop
// in which something breaks every few minutes. Monitors returns the examples
// that watch it.
//
// A series is a function of seed, path and time alone, so every window of it
// agrees with every other and last week exists on the first day. The package
// stores nothing, starts no goroutine, reads no clock but the one it is given,
// and is no Graphite to keep data in.
package demo
