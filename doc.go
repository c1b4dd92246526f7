// Package wingmirror is the root of the module. It holds no code: the program
// is cmd/wingmirror, and the tests here are about the tree itself (which package
// may import which, what every package must have). See docs/design.md.
package wingmirror
