package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wingmirror/store"
)

// newBackup copies the database, with or without a server running on it.
func newBackup(p process) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database to a new file, while the server runs",
		Long: `Copy the database to a new file: whole, as it was at one moment, and without the
room that removed rows have left. The server may go on meanwhile. The copy is
checked before it gets its name. It holds keys and hashes of passwords, so only
its owner may read it.

To restore it, stop the server, put the copy in the place of the database, remove
the files beside it whose names end in -wal and -shm, and start the server.`,
		Example: `  wingmirror backup --db /var/lib/wingmirror/wingmirror.db /backups/wingmirror-$(date +%F).db`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("%s takes the name of the copy, got %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.load(cmd, p.getenv); err != nil {
				return err
			}
			size, err := store.Backup(cmd.Context(), c.DB, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "%s: %.1f MB, checked\n", args[0], float64(size)/1e6)
			return err
		},
	}
	c.flags(cmd.Flags())
	// The configuration file may hold every setting, so all are known here; only these matter.
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "db" && f.Name != "config" })
	return cmd
}
