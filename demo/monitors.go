package demo

import (
	"embed"
	"fmt"
	"io/fs"

	"wingmirror/monitor"
)

//go:embed monitors/*.js
var files embed.FS

// Files returns the example monitors as files, to be read, copied and changed.
func Files() fs.FS {
	// It cannot fail: the directory is embedded above.
	sub, _ := fs.Sub(files, "monitors")
	return sub
}

// Monitors returns the example monitors, sorted by file name, without ids and
// as ready to be saved as any that a person has written.
func Monitors() ([]monitor.Monitor, error) {
	entries, err := fs.ReadDir(files, "monitors")
	if err != nil {
		return nil, fmt.Errorf("list the example monitors: %w", err)
	}
	all := make([]monitor.Monitor, len(entries))
	for i, entry := range entries {
		data, err := fs.ReadFile(files, "monitors/"+entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", entry.Name(), err)
		}
		file, err := monitor.ParseFile(entry.Name(), data)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", entry.Name(), err)
		}
		all[i] = file.Monitor
	}
	return all, nil
}
