package main

import (
	"bytes"
	"context"
	_ "embed" // for the script below
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

// rubyCheck runs one check in a Ruby process of its own: series and monitor come
// in as JSON, output and graph go out as JSON. It is what Wingmirror's sandbox is
// compared with, and never part of a server.
//
//go:embed testdata/check.rb
var rubyCheck []byte

// rubyMonitor is benchScript in Ruby.
const rubyMonitor = `impressions = 0.0; conversions = 0.0; rate = 0.0
with_metrics do |a, b|
  impressions += a.value
  conversions += b.value
  rate = conversions / impressions * 100
  graph_value("Conversion Rate", a.timestamp, rate)
end
puts rate
raise "The conversion rate has dropped below 0%" if rate < 0
`

// rubyResult is processor time per run, in milliseconds.
type rubyResult struct {
	Ruby    string  `json:"ruby"` // its version
	Bundler float64 `json:"with_bundler_ms"`
	Bare    float64 `json:"without_bundler_ms"`
}

const rubyRuns = 20

func measureRuby(ctx context.Context, dir string) (*rubyResult, error) {
	path, err := exec.LookPath("ruby")
	if err != nil {
		return nil, fmt.Errorf("%w: --ruby needs the program ruby", monitor.ErrUnavailable)
	}
	says, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask ruby for its version: %w", err)
	}
	script := filepath.Join(dir, "check.rb")
	if err := os.WriteFile(script, rubyCheck, 0o600); err != nil {
		return nil, fmt.Errorf("write %s: %w", script, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Gemfile"), []byte("gem \"json\"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("write a Gemfile: %w", err)
	}
	input, err := rubyInput()
	if err != nil {
		return nil, err
	}
	result := &rubyResult{Ruby: strings.TrimSpace(string(says))}
	each := func(args ...string) (float64, error) {
		var used time.Duration
		for i := range rubyRuns + 1 {
			cmd := exec.CommandContext(ctx, path, args...)
			cmd.Dir, cmd.Stdin = dir, bytes.NewReader(input)
			if err := checkRuby(cmd); err != nil {
				return 0, err
			}
			if i > 0 { // the first reads files that the others find in memory
				used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
		}
		return inMillis(used / rubyRuns), nil
	}
	if result.Bundler, err = each("-rbundler/setup", script); err != nil {
		return nil, err
	}
	result.Bare, err = each(script)
	return result, err
}

// rubyInput is what Graphite would have brought.
func rubyInput() ([]byte, error) {
	const hour, now = 60, 1_795_247_340
	series := map[string][][2]float64{}
	for _, name := range []string{"a", "b"} {
		value := graphitetest.Value("stats.app." + name)
		for i := range hour {
			at := int64(now + 60*i)
			series[name] = append(series[name], [2]float64{value(at), float64(at)})
		}
	}
	return json.Marshal(map[string]any{"monitor": rubyMonitor, "series": series})
}

// checkRuby runs a check and makes sure that it did the work.
func checkRuby(cmd *exec.Cmd) error {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run %s: %w: %s", cmd, err, strings.TrimSpace(complaint.String()))
	}
	var answer struct {
		Status string
		Graph  map[string][][2]float64
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return fmt.Errorf("read what %s wrote: %w", cmd, err)
	}
	if answer.Status != "success" || len(answer.Graph["Conversion Rate"]) != 60 {
		return fmt.Errorf("%s gave a wrong answer: %s", cmd, out)
	}
	return nil
}
