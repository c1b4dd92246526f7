package sandbox

import "testing"

func TestVerdict_NoScriptIsBlamedForAMachineWithoutRoomForThreads(t *testing.T) {
	for words, want := range map[string]bool{
		"runtime: failed to create new OS thread (have 7 already; errno=11)\nfatal error: newosproc\n":                 true,
		"runtime: out of memory: cannot allocate 134217728-byte block (12189696 in use)\nfatal error: out of memory\n": false,
	} {
		if shortOfThreads([]byte(words)) != want {
			t.Errorf("%q: want %v", words, want)
		}
	}
}
