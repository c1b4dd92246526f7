package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"wingmirror/monitor"
	"wingmirror/stdlib"
)

// addHelp gives root its help command, which also knows the names of the script
// library.
func addHelp(root *cobra.Command, p process) {
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.AddCommand(newHelpStdlib(p))
		}
	}
}

// newHelpStdlib is the reference of the script language on a terminal.
func newHelpStdlib(p process) *cobra.Command {
	return &cobra.Command{
		Use:   "stdlib [NAME]",
		Short: "What a monitor's script has in scope: all names, or one with its example",
		Example: `  wingmirror help stdlib
  wingmirror help stdlib moving_average`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("give one name; see: %s", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := fmt.Fprintf(p.stdout, "%s\nOne of them, with its example: wingmirror help stdlib mean\n", stdlib.Index())
				return err
			}
			entry, err := findEntry(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(p.stdout, entry.Text())
			return err
		},
	}
}

// findEntry finds a name however it is written: mean, mean(), @a.mean, @timeseries.
func findEntry(name string) (stdlib.Entry, error) {
	bare, _, _ := strings.Cut(name, "(")
	if entry, ok := stdlib.Find(bare); ok {
		return entry, nil
	}
	if _, method, ok := strings.Cut(bare, "."); ok {
		if entry, ok := stdlib.Find(method); ok && entry.Method {
			return entry, nil
		}
	}
	var names []string
	for _, entry := range stdlib.Entries() {
		names = append(names, entry.Names()...)
	}
	if near := monitor.Nearest(bare, names); near != "" {
		return stdlib.Entry{}, usageError("a script has no %s in scope; did you mean %s?", monitor.Cut(name, 100), near)
	}
	return stdlib.Entry{}, usageError("a script has no %s in scope; all names: wingmirror help stdlib", monitor.Cut(name, 100))
}
