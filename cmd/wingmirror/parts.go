package main

import (
	"log/slog"
	"strings"

	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/sandbox"
)

// The parts that more than one command is made of.

func newGraphite(c graphiteConfig) (*graphite.Client, error) {
	headers := map[string]string{}
	for _, header := range c.Headers {
		name, value, ok := strings.Cut(header, ":")
		if !ok {
			return nil, monitor.Invalid("graphite-header", "write it as 'Name: value'")
		}
		headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return graphite.New(graphite.Options{
		URL: c.URL, User: c.User, Password: c.Password, Token: c.Token, Headers: headers,
		CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile,
		Timeout: c.Timeout, Deadline: 3 * c.Timeout, Step: c.Step, Lag: c.Lag,
		Concurrency: c.Concurrency, Batch: c.Batch, NoCache: c.NoCache, Limits: c.limits(),
	})
}

func (c graphiteConfig) limits() graphite.Limits {
	return graphite.Limits{Bytes: c.MaxBytes, Series: c.MaxSeries, Points: c.MaxPoints}
}

// limits are those of every run; a monitor may only lower them.
func (c sandboxConfig) limits() monitor.Limits {
	return monitor.Limits{CPU: c.CPU, Memory: c.Memory}
}

// startPool starts the worker processes: this program, again.
func startPool(c sandboxConfig, log slog.Handler) (*sandbox.Pool, error) {
	library, err := readLibrary(c.Library)
	if err != nil {
		return nil, err
	}
	pool, err := sandbox.NewPool(sandbox.Options{
		Workers: c.Workers, Limits: c.limits(), Library: library, Strict: c.Strict,
		Args: []string{workerCommand}, Log: slog.New(log),
	})
	return pool, withPlaces(err)
}
