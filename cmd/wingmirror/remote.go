package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"wingmirror/monitor"
)

const (
	serverVariable = variablePrefix + "SERVER"
	tokenVariable  = variablePrefix + "TOKEN"
	defaultServer  = "http://127.0.0.1:8470"
	remoteTimeout  = 30 * time.Second
	maxRemote      = 16 << 20 // bytes of an answer
)

// remote is a running server, as a command talks to it. The token comes from the
// environment only, so that no list of processes shows it.
type remote struct {
	server string
	token  string
}

func (r *remote) flags(f *pflag.FlagSet) {
	f.StringVar(&r.server, "server", "", "address of the server's pages (default "+serverVariable+", or "+defaultServer+")")
}

// open completes the address and the token from the environment.
func (r *remote) open(p process) error {
	if variable, ok := p.getenv(serverVariable); ok {
		r.server = cmp.Or(r.server, variable)
	}
	r.server = strings.TrimRight(cmp.Or(r.server, defaultServer), "/")
	if u, err := url.Parse(r.server); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return monitor.Invalid("server", "%q is no address of a server; write for example https://wingmirror.example.com", monitor.Cut(r.server, 200))
	}
	r.token, _ = p.getenv(tokenVariable)
	if file, ok := p.getenv(tokenVariable + "_FILE"); ok && r.token == "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return monitor.Invalid(tokenVariable+"_FILE", "%v", err)
		}
		r.token = strings.TrimSpace(string(text))
	}
	return nil
}

// call sends a body as JSON and reads the answer into out; either may be nil.
func (r *remote) call(ctx context.Context, method, path string, body, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, remoteTimeout, fmt.Errorf("no answer within %s", remoteTimeout))
	defer cancel()
	resp, err := r.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxRemote))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", r.server, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(said, out); err != nil {
		return r.stranger(err)
	}
	return nil
}

// send asks, and returns an answer that is no refusal. The caller closes it.
func (r *remote) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, r.server+"/api/v1"+path, sent)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", r.server, err)
	}
	request.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w; is it running, and --server its address?", err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxRemote))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", r.server, err)
	}
	return nil, r.refused(resp, said)
}

func (r *remote) stranger(err error) error {
	return fmt.Errorf("%s does not answer as a Wingmirror server: %w", r.server, err)
}

// refused turns a problem document into an error: each wrong field on a line of
// its own.
func (r *remote) refused(resp *http.Response, said []byte) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Errors []struct {
			Location string `json:"location"`
			Message  string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(said, &problem); err != nil || problem.Title == "" {
		return fmt.Errorf("%s answered %s; is --server the address of a Wingmirror server?", r.server, resp.Status)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("%w: %s wants an API token in %s; make one under Settings or with: wingmirror user token", monitor.ErrDenied, r.server, tokenVariable)
	}
	var errs monitor.FieldErrors
	for _, e := range problem.Errors {
		errs = append(errs, monitor.Invalid(strings.TrimPrefix(e.Location, "body."), "%s", e.Message))
	}
	if len(errs) > 0 {
		return errs
	}
	text := strings.TrimSuffix(cmp.Or(problem.Detail, problem.Title), ".")
	if resp.StatusCode == http.StatusNotFound {
		return monitor.Missing("%s", text)
	}
	return errors.New(text)
}
