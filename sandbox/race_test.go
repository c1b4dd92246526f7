//go:build race

package sandbox_test

// raced says that the race detector is in, which makes everything several times slower.
const raced = true
