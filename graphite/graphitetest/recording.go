package graphitetest

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Recording is one answer of a real server, recorded in a file: a title, the
// request after a line with >>> REQUEST, and status, headers and body after one
// with <<< RESPONSE. A body that is no text lies in a file beside it that ends in
// .bin. As a handler it gives its answer to every request.
type Recording struct {
	Name   string // of the file, without .txt
	Title  string
	Method string
	URL    string
	Form   string // of a POST
	Status int    // 0 when the connection closed without an answer
	Header http.Header
	Body   []byte
}

var (
	requestLine = regexp.MustCompile(`^(?:[A-Z]+ |>>> REQUEST: curl )(\S+)`)
	statusLine  = regexp.MustCompile(`^HTTP(?:/\S+)? (\d{3})`)
	curlFooter  = regexp.MustCompile(`\n?\n\[curl: http=.*\]\s*$`)
)

// ReadRecording reads a recording.
func ReadRecording(file string) (Recording, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Recording{}, err
	}
	r := Recording{Name: strings.TrimSuffix(filepath.Base(file), ".txt"), Method: http.MethodGet, Header: http.Header{}}
	data = curlFooter.ReplaceAll(data, nil)
	before, after, ok := bytes.Cut(data, []byte("<<< RESPONSE\n"))
	r.request(string(before))
	if !ok {
		return r, nil // the connection closed
	}
	if err := r.response(after); err != nil {
		return Recording{}, fmt.Errorf("read %s: %w", file, err)
	}
	if body, err := os.ReadFile(strings.TrimSuffix(file, ".txt") + ".bin"); err == nil {
		r.Body = body
	}
	return r, nil
}

func (r *Recording) request(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "###"):
			r.Title = strings.TrimSpace(strings.Trim(line, "#"))
		case r.URL == "" && requestLine.MatchString(line):
			if method, _, ok := strings.Cut(line, " "); ok && method != ">>>" {
				r.Method = method
			}
			r.URL = requestLine.FindStringSubmatch(line)[1]
		case strings.HasPrefix(line, "target="):
			r.Form = line
		}
	}
}

func (r *Recording) response(text []byte) error {
	reader := bufio.NewReader(bytes.NewReader(text))
	for {
		line, err := reader.ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if match := statusLine.FindStringSubmatch(line); match != nil && r.Status == 0 {
			r.Status, _ = strconv.Atoi(match[1])
		} else if name, value, ok := strings.Cut(line, ":"); ok && r.Status != 0 {
			r.Header.Add(name, strings.TrimSpace(value))
		} else if line == "" && r.Status != 0 {
			break
		}
		if err != nil {
			break
		}
	}
	if r.Status == 0 {
		return nil
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(reader); err != nil {
		return err
	}
	r.Body = body.Bytes()
	if length, err := strconv.Atoi(r.Header.Get("Content-Length")); err == nil && length < len(r.Body) {
		r.Body = r.Body[:length] // the file ends with a line end of its own
	}
	return nil
}

// ReadRecordings reads all recordings of a directory, in the order of their
// names.
func ReadRecordings(dir string) ([]Recording, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	all := make([]Recording, 0, len(files))
	for _, file := range files {
		r, err := ReadRecording(file)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// ServeHTTP answers as was recorded.
func (r Recording) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	for name, values := range r.Header {
		switch name {
		case "Content-Length", "Connection", "Transfer-Encoding", "Date":
		default:
			w.Header()[name] = values
		}
	}
	w.WriteHeader(r.Status)
	w.Write(r.Body) // nobody can be told that the connection broke
}
