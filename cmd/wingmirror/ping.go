package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"wingmirror/monitor"
	"wingmirror/web/heartbeats"
)

const pingKeyVariable = variablePrefix + "PING_KEY"

// pinger sends the beats of one wrapped job.
type pinger struct {
	server, key, name, run string
	query                  url.Values
	timeout                time.Duration
	silent                 error // why no beats can be sent; nil when they can
}

// open finds out where beats go.
func (j *pinger) open(p process, r *remote) error {
	if err := r.open(p); err != nil {
		return err
	}
	key, ok := p.getenv(pingKeyVariable)
	if !ok || key == "" {
		return errors.New("put the key of the heartbeat's space into " + pingKeyVariable + "; the Heartbeats page makes one")
	}
	j.server, j.key = r.server, key
	return nil
}

func newPing(p process) *cobra.Command {
	var r remote
	var job pinger
	var period, grace, cron, zone string
	cmd := &cobra.Command{
		Use:   "ping [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a job and send its beats: start, exit status, duration and the end of its output",
		Long: `Run a job and send its beats: start, exit status, duration and the end of its
output. The job's output, exit status and signals are passed through. Nothing keeps
the job from running: without a key, or with a server that cannot be reached, it
runs all the same, and standard error says that no beat was sent.

The key stands in ` + pingKeyVariable + `, so that no list of processes shows it.`,
		Example: `  wingmirror ping --name backup -- /usr/local/bin/backup.sh /srv
  wingmirror ping --name report --cron "0 6 * * 1-5" --tz Europe/Berlin -- make report`,
		Args:              cobra.ArbitraryArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // a misspelt variable keeps no job from running
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("say what to run, behind two dashes: wingmirror ping --name backup -- /usr/local/bin/backup.sh")
			}
			job.silent = job.open(p, &r)
			job.run = strings.ToLower(rand.Text())[:16]
			if job.name == "" {
				job.name = filepath.Base(args[0])
			}
			job.query = url.Values{"rid": {job.run}}
			for name, value := range map[string]string{"period": period, "grace": grace, "cron": cron, "tz": zone} {
				if value != "" {
					job.query.Set(name, value)
				}
			}
			return job.wrap(cmd.Context(), p, args)
		},
	}
	f := cmd.Flags()
	r.flags(f)
	f.StringVar(&job.name, "name", "", "name of the heartbeat (default the command's)")
	f.StringVar(&period, "period", "", "schedule of a new heartbeat: how often, such as 1h; without any it is learned")
	f.StringVar(&cron, "cron", "", "schedule of a new heartbeat: a crontab")
	f.StringVar(&zone, "tz", "", "time zone of a new heartbeat, such as Europe/Berlin")
	f.StringVar(&grace, "grace", "", "how late a new heartbeat may be, such as 10m")
	f.DurationVar(&job.timeout, "timeout", 10*time.Second, "time for one request to the server")
	return cmd
}

// keptOutput is how much of the end of a job's output is sent, in bytes.
const keptOutput = 16 << 10

// outputLeft is how long the rest of the output is waited for when the job has
// ended: what it left running may hold it open for ever.
const outputLeft = 2 * time.Second

func (j pinger) wrap(ctx context.Context, p process, args []string) error {
	ctx = context.WithoutCancel(ctx) // a signal is the job's affair
	starting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	began := make(chan error, 1)
	go func() { began <- j.send(starting, "start", nil) }() // a server that does not answer must not hold up the job
	var output tailWriter
	job := exec.Command(args[0], args[1:]...)
	job.WaitDelay = outputLeft
	job.Stdin = os.Stdin
	job.Stdout, job.Stderr = io.MultiWriter(p.stdout, &output), io.MultiWriter(p.stderr, &output)
	code := 0
	switch err := runJob(job); {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
	case job.ProcessState != nil && job.ProcessState.Exited() && job.ProcessState.Success(): // its output could not be written
	default:
		code = jobStatus(err)
		if code == cannotRun || code == notFound {
			if _, ended := errors.AsType[*exec.ExitError](err); !ended {
				fmt.Fprintf(io.MultiWriter(p.stderr, &output), "wingmirror: cannot run %q: %v\n", args[0], cause(err))
			}
		}
	}
	late := time.AfterFunc(j.timeout, giveUp)
	missed := <-began // the start comes before the end
	late.Stop()
	if err := j.send(ctx, strconv.Itoa(code), output.bytes()); err != nil {
		missed = err
	}
	if missed != nil {
		fmt.Fprintf(p.stderr, "wingmirror: the beat was not sent: %s\n", redactKey(missed, j.key))
	}
	if code != 0 {
		return &exitError{code: code} // the job's own, without a word of ours
	}
	return nil
}

// runJob runs a job and passes signals on to it.
func runJob(job *exec.Cmd) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passedOn()...)
	defer signal.Stop(signals)
	if err := job.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	defer close(ended)
	terminal := isTerminal(os.Stdin)
	go func() {
		for {
			select {
			case s := <-signals:
				if !terminal || s != os.Interrupt && s != syscall.SIGQUIT {
					_ = job.Process.Signal(s) // it may have ended meanwhile
				}
			case <-ended:
				return
			}
		}
	}()
	return job.Wait()
}

// isTerminal reports whether a file is a terminal, whose keys signal the job as
// well.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// What a shell answers for a command that there is not, and for one that it may
// not run.
const (
	cannotRun = 126
	notFound  = 127
)

func jobStatus(err error) int {
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return exitStatus(ended)
	}
	if errors.Is(err, fs.ErrPermission) {
		return cannotRun
	}
	return notFound
}

// exitStatus is what a shell would say: 128 and the number of a signal.
func exitStatus(ended *exec.ExitError) int {
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return ended.ExitCode()
}

// cause leaves out the system call that failed, and the name that is told anyway.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if lookup, ok := errors.AsType[*exec.Error](err); ok {
		return lookup.Err
	}
	return err
}

// send tries three times, unless the server says that it will not do.
func (j pinger) send(ctx context.Context, what string, body []byte) error {
	if j.silent != nil {
		return j.silent
	}
	address := j.server + heartbeats.PingPath + url.PathEscape(j.key) + "/" + url.PathEscape(j.name) + "/" + what + "?" + j.query.Encode()
	var err error
	for attempt := range 3 {
		if attempt > 0 {
			select {
			case <-time.After(time.Duration(attempt) * time.Second):
			case <-ctx.Done():
				return err
			}
		}
		if err = j.post(ctx, address, body); err == nil || errors.Is(err, errRefused) || ctx.Err() != nil {
			break
		}
	}
	return err
}

var errRefused = errors.New("the server refused it")

func redactKey(err error, key string) string {
	if key == "" {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), key, "KEY")
}

func (j pinger) post(ctx context.Context, address string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000)) // its beginning is enough to say why
	switch {
	case answer.StatusCode < 300:
		return nil
	case answer.StatusCode < 500:
		return fmt.Errorf("%w: %s", errRefused, strings.TrimSpace(string(text)))
	}
	return fmt.Errorf("%s: %s", answer.Status, monitor.Cut(strings.TrimSpace(string(text)), 200))
}

// tailWriter keeps the end of what is written to it, whole lines where they fit.
// A job's output and its complaints are written from two goroutines.
type tailWriter struct {
	mu   sync.Mutex
	kept []byte
}

// Write keeps the newest bytes.
func (t *tailWriter) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if len(t.kept) > 2*keptOutput {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-keptOutput:]...)
	}
	return len(b), nil
}

func (t *tailWriter) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) <= keptOutput {
		return t.kept
	}
	end := t.kept[len(t.kept)-keptOutput:]
	if i := bytes.IndexByte(end, '\n'); i >= 0 && i < len(end)-1 {
		end = end[i+1:]
	}
	return end
}
