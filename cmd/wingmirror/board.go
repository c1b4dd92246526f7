package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wingmirror/account"
	"wingmirror/alerting"
	"wingmirror/board"
	"wingmirror/board/source"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web/boards"
)

type boardConfig struct {
	Dir      string
	Programs []string
	Open     bool
	Private  bool
}

func (c *boardConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.Dir, "board", "", "directory of the board's YAML files, with one for each team; read again when they change")
	f.StringArrayVar(&c.Programs, "board-program", nil, "program that the board's sources may run, as an absolute path; may be repeated")
	f.BoolVar(&c.Private, "board-private", true, "let sources of components made in the pages ask private networks and this machine; false refuses them")
	f.BoolVar(&c.Open, "board-open", false, "let everybody read the board, its gate and badges without a login")
}

func (c boardConfig) outOfRange() monitor.FieldErrors {
	var errs monitor.FieldErrors
	for i, path := range c.Programs {
		field := fmt.Sprintf("board-program[%d]", i)
		info, err := os.Stat(path)
		switch {
		case !filepath.IsAbs(path):
			errs = append(errs, monitor.Invalid(field, "%q is no absolute path", path))
		case err != nil:
			errs = append(errs, monitor.Invalid(field, "%v", err))
		case info.IsDir() || info.Mode()&0o111 == 0:
			errs = append(errs, monitor.Invalid(field, "%s cannot be run", path))
		}
	}
	return errs
}

// openBoard makes the board, its room, and what it does until the server stops.
func (s *server) openBoard(ctx context.Context, access *account.Access) error {
	c := s.config.Board
	if errs := c.outOfRange(); len(errs) > 0 {
		return errs
	}
	log := s.log.With("part", "board")
	kinds := source.Kinds{Graphite: s.graphite, Subjects: &standings{subjects: s.subjects, states: s.db, base: s.base}, Programs: c.Programs, Public: !c.Private}
	files := boardFiles{dir: c.Dir, log: log}
	if c.Dir != "" {
		files.Files = board.NewFiles(os.DirFS(c.Dir), kinds, s.db, log)
	}
	config, problems, err := files.first(ctx)
	if err != nil {
		return err
	}
	s.board, err = board.New(ctx, board.Options{
		Opener: kinds, Checker: kinds, Records: s.db, Journal: boardJournal{s.db, s.desk}, Acts: s.db, Reporter: boardReporter{s.desk},
		Changed: s.bell.Ring, Config: config, Problems: problems, Now: time.Now, Log: log,
	})
	if err != nil {
		return err
	}
	s.subjects[monitor.KindComponent] = watchedComponents{s.board}
	s.rooms = append(s.rooms, boards.Room{
		Board: s.board, Records: s.db, Components: s.db, Checker: kinds, Tokens: access, Groups: s.contacts.Names, Base: s.config.BaseURL, Open: c.Open,
	})
	s.background = append(s.background, s.board.Run,
		func(ctx context.Context) { files.follow(ctx, s.board) },
		func(ctx context.Context) { sweepBoard(ctx, s.db, s.config.KeepIncidents, log) })
	return nil
}

// readsBoard reports whether whoever asks may read the board.
func (s *server) readsBoard(r *http.Request) bool {
	return s.config.Board.Open || account.From(r.Context()).Check(monitor.RoleViewer, monitor.ScopeGate) == nil
}

// sweepBoard removes the board's history when it is as old as that of incidents.
func sweepBoard(ctx context.Context, db *store.DB, keep time.Duration, log *slog.Logger) {
	for keep > 0 {
		if err := db.SweepBoard(ctx, time.Now().Add(-keep)); err != nil && ctx.Err() == nil {
			log.Error("old history of the board was not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery):
		}
	}
}

// boardFiles is the directory of the board's files.
type boardFiles struct {
	*board.Files        // nil when there is none
	dir          string // "" when there is none
	log          *slog.Logger
}

// first reads the files for the start. Broken ones do not stop it; a directory
// that is not there does, unless what it held is known.
func (f boardFiles) first(ctx context.Context) (board.Config, board.Problems, error) {
	if f.Files == nil {
		return board.Config{}, nil, nil
	}
	config, problems := f.Read(ctx)
	if err := isDirectory(f.dir); err != nil && len(config.Components) == 0 {
		return config, problems, err
	}
	f.tell(config, problems)
	return config, problems, nil
}

func isDirectory(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return monitor.Invalid("board", "%s is no directory that can be read", dir)
	}
	return nil
}

func (f boardFiles) tell(config board.Config, problems board.Problems) {
	for _, p := range problems {
		f.log.Error("a file of the board has an error; its components count as they did before", "error", p.String())
	}
	f.log.Info("the board's files were read", "components", len(config.Components), "errors", len(problems))
}

// filesEvery is how often the files are looked at for changes.
const filesEvery = 5 * time.Second

// follow hands the files to the board when they have changed.
func (f boardFiles) follow(ctx context.Context, b *board.Board) {
	if f.Files == nil {
		return
	}
	seen := f.print()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(filesEvery):
		}
		now := f.print()
		if now == seen {
			continue
		}
		seen = now
		config, problems := f.Read(ctx)
		f.tell(config, problems)
		b.UseFiles(ctx, config, problems)
	}
}

// print changes whenever a file does.
func (f boardFiles) print() string {
	text := ""
	_ = filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			text += err.Error()
			return nil
		}
		if info, err := d.Info(); err == nil && !d.IsDir() {
			text += fmt.Sprintf("%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return text
}

// boardReporter takes what the board says of components to the desk.
type boardReporter struct{ desk *alerting.Desk }

// boardJournal stores what the board finds out, and has the desk address the news.
type boardJournal struct {
	*store.DB
	desk *alerting.Desk
}

// AddBoardChanges implements board.Journal.
func (j boardJournal) AddBoardChanges(ctx context.Context, changes []monitor.BoardChange, news []monitor.BoardNews) error {
	var notices []monitor.Notice
	for _, one := range news {
		key := fmt.Sprintf("%s/subscription/%d", one.Message.Subject, one.ID)
		notices = append(notices, j.desk.News(one.Message, key, one.Destination)...)
	}
	return j.DB.AddBoardChanges(ctx, changes, notices)
}

// ReportComponent implements board.Reporter.
func (r boardReporter) ReportComponent(ctx context.Context, c monitor.Component, alerts []string, o monitor.Outcome) error {
	_, err := r.desk.Report(ctx, watchedComponent(c, alerts), o, nil)
	return err
}

// RetireComponent implements board.Reporter.
func (r boardReporter) RetireComponent(ctx context.Context, c monitor.Component, at time.Time) error {
	return r.desk.Retire(ctx, watchedComponent(c, nil), monitor.ReasonRetired, "board", at)
}

func watchedComponent(c monitor.Component, alerts []string) monitor.Watched {
	return monitor.Watched{
		Subject: c.Subject(), Name: c.Title(), Group: c.Parent, Description: c.Description, Labels: c.Labels, Alerts: alerts, Active: true,
	}
}

// watchedComponents are the components as subjects.
type watchedComponents struct{ board *board.Board }

// Watched returns a component by its ID.
func (w watchedComponents) Watched(_ context.Context, key string) (monitor.Watched, error) {
	look := w.board.Look()
	n := look.Node(key)
	if n == nil {
		return monitor.Watched{}, look.NotFound(key)
	}
	return watchedComponent(n.Component, n.Alerts), nil
}

// AllWatched returns all components.
func (w watchedComponents) AllWatched(context.Context) ([]monitor.Watched, error) {
	var all []monitor.Watched
	for _, n := range w.board.Look().Nodes() {
		all = append(all, watchedComponent(n.Component, n.Alerts))
	}
	return all, nil
}

// standings are our own subjects for the board's sources. Many sources ask at
// the same time, so one answer serves all for a moment.
type standings struct {
	subjects subjects
	states   interface {
		States(ctx context.Context) ([]monitor.State, error)
	}
	base string

	mu   sync.Mutex
	at   time.Time
	last []source.Subject
}

const standingsHold = 2 * time.Second

// Standings implements source.Subjects.
func (s *standings) Standings(ctx context.Context) ([]source.Subject, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.at) < standingsHold {
		return s.last, nil
	}
	watched, err := s.subjects.AllWatched(ctx)
	if err != nil {
		return nil, err
	}
	states, err := s.states.States(ctx)
	if err != nil {
		return nil, err
	}
	bySubject := make(map[monitor.Subject]monitor.State, len(states))
	for _, state := range states {
		bySubject[state.Subject] = state
	}
	all := make([]source.Subject, len(watched))
	for i, w := range watched {
		all[i] = source.Subject{Watched: w, State: bySubject[w.Subject], Link: s.base + w.Subject.Path()}
	}
	s.last, s.at = all, time.Now()
	return all, nil
}

// newBoard is the family of commands about the board.
func newBoard(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "board",
		Short: "Check the board's files",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBoardValidate(p))
	return cmd
}

func newBoardValidate(p process) *cobra.Command {
	var c boardConfig
	cmd := &cobra.Command{
		Use:   "validate DIR",
		Short: "Say everything that is wrong with the board's files, with file and line",
		Long: `Read all .yaml and .yml files of a directory and of those below it, as the server
does, and say everything that is wrong: file, line, field, and how to mend it.
Sources are checked, but not asked.

The exit code is 0 when all is well, and 64 when something is wrong.`,
		Example: `  wingmirror board validate /etc/wingmirror/board`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("name the directory of the board's files; see: %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if errs := c.outOfRange(); len(errs) > 0 {
				return errs
			}
			kinds := source.Kinds{Graphite: anyGraphite{}, Subjects: &standings{}, Programs: c.Programs}
			if err := isDirectory(args[0]); err != nil {
				return err
			}
			config, err := board.Load(os.DirFS(args[0]), kinds)
			if err != nil {
				return err
			}
			sources := 0
			for _, component := range config.Components {
				sources += len(component.Sources)
			}
			_, err = fmt.Fprintf(p.stdout, "All is well. Components: %d, sources: %d.\n", len(config.Components), sources)
			return err
		},
	}
	cmd.Flags().StringArrayVar(&c.Programs, "board-program", nil, "program that the board's sources may run, as for serve; may be repeated")
	return cmd
}

// anyGraphite stands for the server's Graphite where nothing is asked.
type anyGraphite struct{}

// Fetch implements source.Fetcher.
func (anyGraphite) Fetch(context.Context, monitor.Window, []string) []monitor.Fetched { return nil }

// Window implements source.Fetcher.
func (anyGraphite) Window(time.Time, int) monitor.Window { return monitor.Window{} }
