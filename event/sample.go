package event

import _ "embed" // for the rule files that are shipped

// DefaultRules are the rules that hold where no others are given.
//
//go:embed rules/default.yaml
var DefaultRules string

// AsCodedRules are DefaultRules with limits that include the number itself.
//
//go:embed rules/as-coded.yaml
var AsCodedRules string

// ExampleRules have one rule of each kind, each with a test.
//
//go:embed rules/examples.yaml
var ExampleRules string
