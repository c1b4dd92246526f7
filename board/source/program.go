package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

const (
	maxOutput   = 1 << 20 // bytes that a program may print
	programWait = 2 * time.Second
)

// openProgram runs a program that prints rationales as JSON. It runs only what
// the operator has named, only for sources of the operator's files, without a
// shell and with an empty environment.
func openProgram(k Kinds, s *settings) board.Source {
	name := s.need("run", "name one of the programs that the operator lets the board run")
	args := s.list("args")
	path := name
	if !s.trusted {
		s.wrong("run", "only the board's files can run programs; move the component into a file")
	} else if !slices.Contains(k.Programs, name) {
		at := slices.IndexFunc(k.Programs, func(p string) bool { return filepath.Base(p) == name })
		switch {
		case at >= 0:
			path = k.Programs[at]
		case name != "" && len(k.Programs) == 0:
			s.wrong("run", "the operator lets the board run no programs; name them with --board-program")
		case name != "":
			s.wrong("run", "%q is none of the programs that the operator names with --board-program", monitor.Cut(name, 100))
		}
	}
	return asking{read(func(ctx context.Context, at time.Time) ([]monitor.Rationale, error) {
		output, err := runProgram(ctx, path, args, at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		all, err := parseDocument(output)
		if err != nil {
			return nil, fmt.Errorf("%s printed: %w", filepath.Base(path), err)
		}
		return all, nil
	}), filepath.Base(path)}
}

// runProgram returns what a program prints. When its time is over, it and all
// that it started are ended.
func runProgram(ctx context.Context, path string, args []string, at time.Time) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // the operator names the programs
	cmd.Dir = filepath.Dir(path)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", "WINGMIRROR_AT=" + at.UTC().Format(time.RFC3339)}
	cmd.WaitDelay = programWait
	inGroup(cmd)
	output, complaints := &bounded{most: maxOutput}, &bounded{most: 4096}
	cmd.Stdout, cmd.Stderr = output, complaints
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		if text := strings.TrimSpace(complaints.String()); text != "" {
			return nil, fmt.Errorf("%w: %s", err, monitor.Cut(text, 200))
		}
		return nil, err
	case output.over:
		return nil, fmt.Errorf("it printed more than %d bytes", maxOutput)
	case len(bytes.TrimSpace(output.Bytes())) == 0:
		return nil, errors.New("it printed nothing; a program without news prints []")
	}
	return output.Bytes(), nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	bytes.Buffer
	most int
	over bool
}

// Write implements io.Writer; it never fails, so that a program that prints too
// much is not stopped by a broken pipe but told so.
func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - b.Len()
	if len(p) > room {
		b.over = true
		b.Buffer.Write(p[:room])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}
