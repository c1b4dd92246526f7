package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
)

// child is a process that has just been started, with the server's ends of its pipes.
type child struct {
	cmd            *exec.Cmd
	stdin          *os.File
	stdout, stderr *os.File
	shared         []byte // memory shared with it, nil where there is none
	group          group  // around it, nil where there is none
}

func (c child) close() {
	_ = c.stdout.Close() // both only carried what is already read
	_ = c.stderr.Close()
}

// forget gives back what was kept to learn how the process ended.
func (c child) forget() {
	if c.shared != nil {
		unmapShared(c.shared)
	}
	if c.group != nil {
		c.group.remove()
	}
}

// kill ends the process, which may just have ended by itself.
func (c child) kill() {
	_ = c.cmd.Process.Kill()
	if c.group != nil {
		c.group.kill()
	}
}

// isolation is one way of starting a process apart from the others.
type isolation struct {
	name string
	does string
	with func(*exec.Cmd)
}

// spawner starts processes from one thread that lives as long as the pool: the
// kernel ends them when the thread that started them ends.
type spawner struct {
	opts     Options
	path     string
	requests chan chan spawned
	ended    chan struct{}
	once     sync.Once // of stopping

	// The isolation in use; the ones before it have failed. Only the
	// goroutine of the spawner changes them, while the pool waits for it.
	ways    []isolation
	refused []error
	groups  grouping // nil where there are none
	noGroup error    // why
}

type spawned struct {
	child child
	err   error
}

func newSpawner(opts Options) *spawner {
	s := &spawner{
		opts: opts, path: opts.Path, requests: make(chan chan spawned), ended: make(chan struct{}),
		ways: isolations(opts.Disabled),
	}
	if slices.Contains(opts.Disabled, groupLayer) {
		s.noGroup = errOff
	} else if s.groups, s.noGroup = newGrouping(opts); s.noGroup != nil {
		s.groups = nil
	}
	go func() {
		defer close(s.ended)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for reply := range s.requests {
			child, err := s.try()
			reply <- spawned{child, err}
		}
	}()
	return s
}

func (s *spawner) start() (child, error) {
	reply := make(chan spawned)
	s.requests <- reply
	r := <-reply
	return r.child, r.err
}

func (s *spawner) stop() {
	s.once.Do(func() { close(s.requests) })
	<-s.ended
}

var errOff = errors.New("switched off")

// try starts a process in the best way that works, and remembers which do not.
// When none does, it may be for the group: an old kernel cannot start one inside.
func (s *spawner) try() (child, error) {
	for {
		way := s.ways[len(s.refused)]
		c, err := s.launch(way)
		switch {
		case err == nil:
			return c, nil
		case len(s.refused) < len(s.ways)-1:
			s.refused = append(s.refused, err)
		case s.groups == nil:
			return c, err
		default:
			s.groups, s.noGroup, s.refused = nil, err, nil
		}
	}
}

func (s *spawner) launch(way isolation) (c child, err error) {
	path, err := s.executable()
	if err != nil {
		return child{}, err
	}
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close() // the process has its own copies
		}
		if err != nil {
			for _, f := range []*os.File{c.stdin, c.stdout, c.stderr} {
				if f != nil {
					_ = f.Close()
				}
			}
			c.forget()
		}
	}()
	cmd := exec.Command(path, s.opts.Args...)
	cmd.Env = []string{}
	var in, out, complaint *os.File
	if in, c.stdin, err = os.Pipe(); err != nil {
		return c, err
	}
	theirs = append(theirs, in)
	if c.stdout, out, err = os.Pipe(); err != nil {
		return c, err
	}
	theirs = append(theirs, out)
	if c.stderr, complaint, err = os.Pipe(); err != nil {
		return c, err
	}
	theirs = append(theirs, complaint)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, complaint
	widenPipe(in)
	widenPipe(out)
	if file, memory := newShared(journalSize(s.opts.Limits)); file != nil {
		theirs = append(theirs, file)
		cmd.ExtraFiles, c.shared = []*os.File{file}, memory
	}
	way.with(cmd)
	c.cmd = cmd
	if s.groups != nil {
		if c.group, err = s.groups.enclose(cmd); err != nil {
			return c, fmt.Errorf("make a %s: %w", groupLayer, err)
		}
	}
	if err := cmd.Start(); err != nil {
		return c, fmt.Errorf("with %s: %w", way.name, err)
	}
	if c.group != nil {
		if err := c.group.started(cmd.Process); err != nil {
			c.kill()
			_ = cmd.Wait()
			return c, fmt.Errorf("put into a %s: %w", groupLayer, err)
		}
	}
	return c, nil
}

func (s *spawner) executable() (string, error) {
	if s.path != "" {
		return s.path, nil
	}
	return self()
}

// layers says what the way of starting adds to the lock-down.
func (s *spawner) layers() []Layer {
	layers := []Layer{{
		Name: "process", Does: "every script runs in a process of its own kind, which can be ended at any time", Active: true,
	}}
	for i, way := range s.ways[:len(s.ways)-1] {
		l := Layer{Name: way.name, Does: way.does, Active: i >= len(s.refused)}
		switch {
		case slices.Contains(s.opts.Disabled, way.name):
			l.Active, l.Why = false, errOff.Error()
		case !l.Active:
			l.Why = s.refused[i].Error()
		}
		layers = append(layers, l)
	}
	outer := Layer{Name: groupLayer, Does: groupDoes, Active: s.groups != nil, Extra: true}
	if s.noGroup != nil {
		outer.Why = s.noGroup.Error()
	}
	return append(layers, outer)
}
