// Package store keeps everything that must outlive the process: monitors and
// their versions, runs, states, incidents and the outbox, in one SQLite file.
//
// All commits of runs go through one writer that puts many into one
// transaction; readers never wait for it, nor it for them. A run row is unique
// by monitor and scheduled time, and that row is the claim to make the run. What
// belongs together (state, run, incident, notices) is stored whole or not at all.
//
// Rows are private structs and never leave the package. Every error that a
// person can do something about wraps one of monitor's sentinels. The package
// decides nothing about alerts and reads no clock but the one it is given.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // the driver behind gorm's dialector, without C

	"wingmirror/migrations"
	"wingmirror/monitor"
)

// Options are what Open needs.
type Options struct {
	Path string           // of the SQLite file, made if it is not there
	Log  *slog.Logger     // nil: nothing is logged
	Now  func() time.Time // the clock; required

	// Serve is for the one server of a database: it is opened only if no other has
	// it, and until Close no other will.
	Serve bool
}

// DB is an open database. It is safe for many goroutines at once.
type DB struct {
	path         string
	log          *slog.Logger
	now          func() time.Time
	opened       time.Time
	installation string
	secret       string

	write *gorm.DB // one connection, every transaction immediate
	read  *gorm.DB // several, that cannot write
	hot   hotStatements
	list  listing

	beats   *batcher[packedBeat]
	commits chan *pendingCommit
	queued  chan struct{} // has a token when notices were queued
	closing chan struct{} // closed when no more commits are taken
	closed  chan struct{} // closed when the writer has ended
	close   sync.Once
	held    *hold // nil unless this is the database's server
}

// pragmas hold on every connection. NORMAL under WAL survives a killed process;
// a power cut may lose the last commits, but never damages the file.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)" +
	"&_pragma=foreign_keys(on)&_pragma=temp_store(memory)&_txlock=immediate"

// writing is for the one connection that writes: the pages that the runs of
// thousands of monitors go to stay in memory (32 MB), and the log grows to 16 MB
// before it is written back, since most of its pages are written again soon.
const writing = "&_pragma=cache_size(-32768)&_pragma=wal_autocheckpoint(4000)"

// Open opens the database, makes or upgrades its schema, and starts the writer.
// A file that cannot be used gives ErrUnavailable with what to do about it.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Path == "" || o.Now == nil {
		return nil, errors.New("open store: Path and Now are required")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{
		path: o.Path, log: o.Log, now: o.Now, opened: o.Now(),
		commits: make(chan *pendingCommit, 4*maxBatch),
		queued:  make(chan struct{}, 1),
		closing: make(chan struct{}), closed: make(chan struct{}),
	}
	db.beats = newBatcher(db, "store a beat", db.applyBeat)
	if err := db.open(ctx, o.Serve); err != nil {
		db.closePools()
		return nil, db.fault("open database "+o.Path, err)
	}
	go db.runWriter()
	go db.beats.run()
	return db, nil
}

func (db *DB) open(ctx context.Context, serve bool) error {
	if err := touch(db.path); err != nil {
		return err
	}
	var err error
	if serve { // first of all: the schema is not to change under another server
		if db.held, err = take(ctx, db.path); err != nil {
			return err
		}
	}
	if db.write, err = db.pool(pragmas+writing, 1); err != nil {
		return err
	}
	if err := db.migrate(ctx); err != nil {
		return err
	}
	if db.read, err = db.pool(pragmas+"&_pragma=query_only(on)", max(4, runtime.GOMAXPROCS(0))); err != nil {
		return err
	}
	if err := db.prepareHot(ctx); err != nil {
		return err
	}
	return db.loadInstallation(ctx)
}

// touch makes the file with permissions of its owner only, since it holds keys.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the directory %s does not exist", monitor.ErrUnavailable, filepath.Dir(path))
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %s may not be written; check its owner and permissions, and those of its directory", monitor.ErrUnavailable, path)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", monitor.ErrUnavailable, err)
	}
	return f.Close()
}

func (db *DB) pool(params string, conns int) (*gorm.DB, error) {
	absolute, err := filepath.Abs(db.path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: params}
	dialector := sqlite.Dialector{DriverName: "sqlite", DSN: name.String()}
	pool, err := gorm.Open(dialector, &gorm.Config{
		SkipDefaultTransaction: true,
		NowFunc:                db.now,
		Logger:                 slowLog{db.log},
	})
	if err != nil {
		return nil, err
	}
	conn, err := pool.DB()
	if err != nil {
		return nil, err
	}
	conn.SetMaxOpenConns(conns)
	conn.SetMaxIdleConns(conns)
	return pool, nil
}

// refuseForeign keeps our tables out of another program's file.
func refuseForeign(ctx context.Context, conn *sql.DB) error {
	var theirs, ours int
	err := conn.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(name = 'goose_db_version'), 0) FROM sqlite_master WHERE type = 'table'`).Scan(&theirs, &ours)
	if err == nil && theirs > 0 && ours == 0 {
		return fmt.Errorf("%w: the file holds the database of another program; give another path", monitor.ErrUnavailable)
	}
	return err
}

// migrate brings the schema up to date, each step in a transaction of its own.
func (db *DB) migrate(ctx context.Context) error {
	conn, err := db.write.DB()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, conn, migrations.SQLite(),
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.log.With("part", "migrations")))
	if err != nil {
		return err
	}
	if err := refuseForeign(ctx, conn); err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("%w: the database was written by a newer Wingmirror (schema %d, this program knows up to %d); start that version, or restore a backup",
			monitor.ErrUnavailable, current, target)
	}
	if current == target {
		return nil
	}
	if db.held == nil { // nor by a command of a newer program
		held, err := take(ctx, db.path)
		if err != nil {
			return err
		}
		defer held.release() //nolint:errcheck // nothing was written to it
	}
	_, err = provider.Up(ctx)
	return err
}

// loadInstallation reads the installation's id, making it the first time.
func (db *DB) loadInstallation(ctx context.Context) error {
	var fresh [4]byte
	_, _ = rand.Read(fresh[:]) // never fails, see its documentation
	tx := db.write.WithContext(ctx)
	err := tx.Exec(`INSERT INTO installation (id, created_at) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM installation)`,
		hex.EncodeToString(fresh[:]), millis(db.opened)).Error
	if err != nil {
		return err
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:])
	if err := tx.Exec(`UPDATE installation SET secret = ? WHERE secret = ''`, hex.EncodeToString(secret[:])).Error; err != nil {
		return err
	}
	return tx.Raw(`SELECT id, secret FROM installation`).Row().Scan(&db.installation, &db.secret)
}

// Installation returns what tells this database from all others: eight
// hexadecimal digits, made with it.
func (db *DB) Installation() string { return db.installation }

// Secret returns what this installation signs addresses with. It never leaves
// the program.
func (db *DB) Secret() string { return db.secret }

// Close ends the writer after everything that was handed to it is stored, and
// closes the file. It may be called twice.
func (db *DB) Close() error {
	var err error
	db.close.Do(func() {
		close(db.closing)
		<-db.closed
		<-db.beats.done
		err = db.closePools()
	})
	return err
}

func (db *DB) closePools() error {
	var errs []error
	for _, pool := range []*gorm.DB{db.read, db.write} {
		if pool == nil {
			continue
		}
		conn, err := pool.DB()
		if err == nil {
			err = conn.Close()
		}
		errs = append(errs, err)
	}
	errs = append(errs, db.held.release())
	return errors.Join(errs...)
}

// Ping reports whether the database can be read and written.
func (db *DB) Ping(ctx context.Context) error {
	// Setting a field to what it was writes nothing: SQLite compares. This does,
	// and nobody reads it.
	err := db.write.WithContext(ctx).Exec(`PRAGMA user_version = 0`).Error
	return db.fault("write to the database", err)
}

// transaction runs fn in a transaction on the one writing connection. Whatever
// fn did may have queued notices.
func (db *DB) transaction(ctx context.Context, what string, fn func(tx *gorm.DB) error) error {
	err := db.write.WithContext(ctx).Transaction(fn)
	if err == nil {
		db.signalQueued()
	}
	return db.fault(what, err)
}

// Times are stored as milliseconds since the epoch, the zero time as 0.

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// rowScanner is a row of a query.
type rowScanner interface{ Scan(dest ...any) error }

// scanAll reads all rows with scan, and closes them.
func scanAll(rows *sql.Rows, err error, scan func(rowScanner) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
