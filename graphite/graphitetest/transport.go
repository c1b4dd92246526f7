package graphitetest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Transport returns a transport that hands every request to the handler in the
// same process, without a connection: for benchmarks, and for tests under a fake
// clock. A handler that panics with http.ErrAbortHandler breaks the connection
// after what it has written.
func Transport(handler http.Handler) http.RoundTripper { return transport{handler} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	inside := r.Clone(r.Context())
	if inside.Body == nil {
		inside.Body = http.NoBody
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	broken := w.serve(t.handler, inside)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if broken && w.body.Len() == 0 {
		return nil, io.EOF
	}
	var body io.Reader = bytes.NewReader(w.body.Bytes())
	if broken {
		body = io.MultiReader(body, brokenReader{})
	}
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

// serve reports whether the handler gave up.
func (w *recorder) serve(handler http.Handler, r *http.Request) (broken bool) {
	defer func() {
		if reason := recover(); reason != nil {
			if err, ok := reason.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(reason)
			}
			broken = true
		}
	}()
	handler.ServeHTTP(w, r)
	return false
}
