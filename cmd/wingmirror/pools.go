package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// libraries has the helper files of each hash, or ErrNotFound.
type libraries interface {
	Library(ctx context.Context, hash string) ([]store.LibraryFile, error)
}

// pools are workers for each set of helper files that recorded runs had. A long
// history does not fill the machine with processes: of the sets that nobody uses,
// the one that was used longest ago makes room.
type pools struct {
	config    sandboxConfig
	libraries libraries
	most      int // sets with workers; 0: 4

	mu   sync.Mutex
	open map[string]*openPool
	uses int
}

type openPool struct {
	*sandbox.Pool
	users int
	last  int // use that was the last
}

// forLibrary returns what runs scripts with the helper files of a hash. The
// workers are there for as long as the set is used.
func (p *pools) forLibrary(ctx context.Context, hash string) (scheduler.Runner, error) {
	one, err := p.take(ctx, hash)
	if err != nil {
		return nil, err
	}
	p.giveBack(one)
	return libraryRunner{p, hash}, nil
}

// libraryRunner runs scripts with the helper files of a hash.
type libraryRunner struct {
	pools *pools
	hash  string
}

// Run makes one run.
func (r libraryRunner) Run(ctx context.Context, in monitor.Input) (monitor.Result, error) {
	one, err := r.pools.take(ctx, r.hash)
	if err != nil {
		return monitor.Result{}, err
	}
	defer r.pools.giveBack(one)
	return one.Run(ctx, in)
}

func (p *pools) take(ctx context.Context, hash string) (*openPool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.open[hash]
	if one == nil {
		var files []store.LibraryFile
		if hash != "" {
			var err error
			if files, err = p.libraries.Library(ctx, hash); err != nil {
				return nil, err
			}
		}
		pool, err := startPoolWith(p.config, toSandboxFiles(files))
		if err != nil {
			return nil, fmt.Errorf("start workers with the helper files %s: %w", hash, err)
		}
		p.makeRoom()
		if p.open == nil {
			p.open = map[string]*openPool{}
		}
		one = &openPool{Pool: pool}
		p.open[hash] = one
	}
	p.uses++
	one.users, one.last = one.users+1, p.uses
	return one, nil
}

func (p *pools) giveBack(one *openPool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one.users--
}

// makeRoom ends the workers of sets that nobody uses, until one more fits.
func (p *pools) makeRoom() {
	most := p.most
	if most <= 0 {
		most = 4
	}
	for len(p.open) >= most {
		oldest := ""
		var found *openPool
		for hash, one := range p.open {
			if one.users == 0 && (found == nil || one.last < found.last) {
				oldest, found = hash, one
			}
		}
		if found == nil {
			return // all are in use: there is one more for a while
		}
		_ = found.Close() // nothing is left to lose
		delete(p.open, oldest)
	}
}

func (p *pools) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for hash, one := range p.open {
		_ = one.Close() // nothing is left to lose
		delete(p.open, hash)
	}
	return nil
}

// startPoolWith starts workers of their own, beside the live ones, that have these
// helper files.
func startPoolWith(c sandboxConfig, files []sandbox.File) (*sandbox.Pool, error) {
	return sandbox.NewPool(sandbox.Options{
		Workers: c.Workers, Spares: -1, Limits: c.limits(), Library: files, Strict: c.Strict,
		Args: []string{workerCommand}, Log: slog.New(slog.DiscardHandler),
	})
}

func toSandboxFiles(files []store.LibraryFile) []sandbox.File {
	all := make([]sandbox.File, len(files))
	for i, f := range files {
		all[i] = sandbox.File(f)
	}
	return slices.Clip(all)
}
