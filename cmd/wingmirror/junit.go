package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The JUnit report has the form that build servers read: see
// https://github.com/testmoapp/junitxml. (Characters that XML cannot hold are
// written as U+FFFD by encoding/xml.)
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Name    string       `xml:"name,attr"`
	Tests   int          `xml:"tests,attr"`
	Failed  int          `xml:"failures,attr"`
	Errors  int          `xml:"errors,attr"`
	Time    junitTime    `xml:"time,attr"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name    string      `xml:"name,attr"`
	Tests   int         `xml:"tests,attr"`
	Failed  int         `xml:"failures,attr"`
	Errors  int         `xml:"errors,attr"`
	Skipped int         `xml:"skipped,attr"`
	Time    junitTime   `xml:"time,attr"`
	Cases   []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Time    junitTime     `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// junitTime is seconds, with a point and without an exponent.
type junitTime float64

// MarshalText returns "0.0123".
func (t junitTime) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%.4f", float64(t)), nil }

func writeJUnit(w io.Writer, suites []suite) error {
	all := junitSuites{Name: "wingmirror"}
	for _, s := range suites {
		one := junitSuite{Name: s.File, Tests: len(s.Tests)}
		for _, t := range s.Tests {
			c := junitCase{Name: t.Name, Class: s.File, File: s.File, Time: junitTime(t.Seconds), Output: t.Output}
			if !t.Passed {
				one.Failed++
				c.Failure = t.junitFailure(s.File)
			}
			one.Time += c.Time
			one.Cases = append(one.Cases, c)
		}
		all.Tests, all.Failed, all.Time = all.Tests+one.Tests, all.Failed+one.Failed, all.Time+one.Time
		all.Suites = append(all.Suites, one)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (t unitTest) junitFailure(file string) *junitFailure {
	lines := t.Diff
	if place := t.place(file); place != "" {
		lines = append(lines[:len(lines):len(lines)], "at "+place)
	}
	return &junitFailure{Message: t.Diff[0], Type: "mismatch", Text: strings.Join(lines, "\n")}
}
