package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"wingmirror/account"
	"wingmirror/monitor"
	"wingmirror/store"
)

// newUser manages users in the database itself, with or without a server
// running on it: whoever can write the file is an admin.
func newUser(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, list, change and remove users and their tokens",
		Long: `Add, list, change and remove the users who may log in, and their API tokens.

The commands work on the database file, whether or not a server runs on it, and
what they change holds at once. Passwords are asked for on the terminal; without
one, the first line of standard input is the password.`,
		Example: `  wingmirror user add ann                       the first user is an admin
  wingmirror user add bob --role editor < password.txt
  wingmirror user token ann --name ci --scope read,ping --expires 2160h`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserAdd(p), newUserList(p), newUserEdit(p), newUserRemove(p), newUserPassword(p), newUserToken(p))
	return cmd
}

// userCommand makes a command that works on the database and takes the
// arguments that use names. Only add makes a database that is not there.
func userCommand(p process, use string, run func(context.Context, userDesk, []string) error) *cobra.Command {
	var c config
	name, arguments, _ := strings.Cut(use, " ")
	nargs := len(strings.Fields(arguments))
	cmd := &cobra.Command{
		Use: use,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != nargs {
				return usageError("%s takes %d arguments (%s), got %d", cmd.CommandPath(), nargs, arguments, len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.load(cmd, p.getenv); err != nil {
				return err
			}
			if _, err := os.Stat(c.DB); name != "add" && errors.Is(err, os.ErrNotExist) {
				return monitor.Invalid("db", "there is no database %s; name the one that the server uses", c.DB)
			}
			db, err := store.Open(cmd.Context(), store.Options{Path: c.DB, Now: time.Now})
			if err != nil {
				return err
			}
			desk, err := newUserDesk(p, c, db)
			if err == nil {
				err = run(account.With(cmd.Context(), account.Operator()), desk, args)
			}
			return errors.Join(err, db.Close())
		},
	}
	c.flags(cmd.Flags())
	// The configuration file may hold every setting, so all are known here; only these matter.
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "db" && f.Name != "config" })
	return cmd
}

// userDesk is what the commands work with.
type userDesk struct {
	*account.Access
	process process
	config  config
}

func newUserDesk(p process, c config, db *store.DB) (userDesk, error) {
	access, err := account.New(account.Options{Ledger: db, Mode: account.ModeUsers, Now: time.Now, Log: newLog(p.stderr, c)})
	return userDesk{access, p, c}, err
}

func (d userDesk) find(ctx context.Context, name string) (monitor.User, error) {
	u, err := d.User(ctx, monitor.UserKey{Name: strings.ToLower(name)})
	if errors.Is(err, monitor.ErrNotFound) {
		return u, monitor.Invalid("", "there is no user %s in %s; see: wingmirror user list", name, d.config.DB)
	}
	return u, err
}

func (d userDesk) say(format string, args ...any) error {
	_, err := fmt.Fprintf(d.process.stdout, format+"\n", args...)
	return err
}

// roleFlag is a role on the command line.
type roleFlag struct{ role monitor.Role }

// String returns the role's name, "" for none.
func (f *roleFlag) String() string {
	if f.role == monitor.NoRole {
		return ""
	}
	return f.role.String()
}

// Set reads a role's name, or "" for none.
func (f *roleFlag) Set(text string) (err error) {
	if text == "" {
		f.role = monitor.NoRole
		return nil
	}
	f.role, err = monitor.ParseRole(text)
	return err
}

// Type is the placeholder in the help.
func (f *roleFlag) Type() string { return "role" }

func newUserAdd(p process) *cobra.Command {
	var role roleFlag
	var email string
	var external bool
	cmd := userCommand(p, "add NAME", func(ctx context.Context, d userDesk, args []string) error {
		n := account.NewUser{Name: args[0], Email: email, Role: role.role}
		if !external {
			var err error
			if n.Password, err = readPassword(d.process); err != nil {
				return err
			}
		}
		u, err := d.CreateUser(ctx, n)
		if err != nil {
			return err
		}
		return d.say("added the %s %s to %s", u.Role, u.Name, d.config.DB)
	})
	cmd.Short = "Add a user; makes the database if it is not there"
	cmd.Flags().Var(&role, "role", "viewer, editor or admin (default admin for the first user, then viewer)")
	cmd.Flags().StringVar(&email, "email", "", "e-mail address")
	cmd.Flags().BoolVar(&external, "no-password", false, "the user logs in by the OpenID provider, which knows them by NAME, an e-mail address")
	return cmd
}

func newUserList(p process) *cobra.Command {
	cmd := userCommand(p, "list", func(ctx context.Context, d userDesk, _ []string) error {
		users, err := d.Users(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(d.process.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tROLE\tLOGS IN BY\tLAST LOGIN\tSTATUS")
		for _, u := range users {
			status := "enabled"
			if u.Disabled {
				status = "disabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Name, u.Role, waysIn(u), dateOr(u.LoginAt, "never"), status)
		}
		return w.Flush()
	})
	cmd.Short = "List the users"
	return cmd
}

func waysIn(u monitor.User) string {
	switch {
	case u.PasswordHash != "" && u.Issuer != "":
		return "password, " + u.Issuer
	case u.PasswordHash != "":
		return "password"
	case u.Issuer != "":
		return u.Issuer
	}
	return "OpenID provider, not yet"
}

func dateOr(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format(time.RFC3339)
}

func newUserEdit(p process) *cobra.Command {
	var edit account.UserEdit
	var role roleFlag
	var name, email string
	var disable, enable bool
	var cmd *cobra.Command
	cmd = userCommand(p, "edit NAME", func(ctx context.Context, d userDesk, args []string) error {
		f := cmd.Flags()
		if f.Changed("name") {
			edit.Name = &name
		}
		if f.Changed("email") {
			edit.Email = &email
		}
		if f.Changed("role") {
			edit.Role = &role.role
		}
		switch {
		case disable && enable:
			return usageError("--disable and --enable exclude each other")
		case disable || enable:
			edit.Disabled = &disable
		}
		if edit == (account.UserEdit{}) {
			return usageError("say what to change: --name, --email, --role, --disable or --enable")
		}
		u, err := d.find(ctx, args[0])
		if err != nil {
			return err
		}
		if u, err = d.EditUser(ctx, u.ID, edit); err != nil {
			return err
		}
		return d.say("changed %s", u.Name)
	})
	cmd.Short = "Rename a user, change the role, disable or enable them"
	cmd.Flags().StringVar(&name, "name", "", "new name")
	cmd.Flags().StringVar(&email, "email", "", "e-mail address")
	cmd.Flags().Var(&role, "role", "viewer, editor or admin")
	cmd.Flags().BoolVar(&disable, "disable", false, "log the user out everywhere, and stop their tokens until they are enabled again")
	cmd.Flags().BoolVar(&enable, "enable", false, "let the user in again")
	return cmd
}

func newUserRemove(p process) *cobra.Command {
	cmd := userCommand(p, "remove NAME", func(ctx context.Context, d userDesk, args []string) error {
		u, err := d.find(ctx, args[0])
		if err != nil {
			return err
		}
		if err := d.RemoveUser(ctx, u.ID); err != nil {
			return err
		}
		return d.say("removed %s with all sessions and tokens", u.Name)
	})
	cmd.Short = "Remove a user with their sessions and tokens"
	return cmd
}

func newUserPassword(p process) *cobra.Command {
	cmd := userCommand(p, "password NAME", func(ctx context.Context, d userDesk, args []string) error {
		u, err := d.find(ctx, args[0])
		if err != nil {
			return err
		}
		password, err := readPassword(d.process)
		if err != nil {
			return err
		}
		if err := d.SetPassword(ctx, u.ID, password); err != nil {
			return err
		}
		return d.say("%s has a new password, and is logged out everywhere", u.Name)
	})
	cmd.Short = "Give a user a new password, and log them out everywhere"
	return cmd
}

func newUserToken(p process) *cobra.Command {
	var name string
	var scopes []string
	var expires time.Duration
	var list bool
	var revoke int64
	var cmd *cobra.Command
	cmd = userCommand(p, "token NAME", func(ctx context.Context, d userDesk, args []string) error {
		revoking, making := cmd.Flags().Changed("revoke"), name != "" || len(scopes) > 0
		if (list && (revoking || making)) || (revoking && making) {
			return usageError("--list, --revoke, and --name with --scope exclude each other")
		}
		u, err := d.find(ctx, args[0])
		switch {
		case err != nil:
			return err
		case list:
			return d.listTokens(ctx, u)
		case revoking:
			return d.revokeToken(ctx, u, revoke)
		}
		n := account.NewToken{UserID: u.ID, Name: name}
		for _, scope := range scopes {
			n.Scopes = append(n.Scopes, monitor.Scope(scope))
		}
		if cmd.Flags().Changed("expires") {
			n.Expires = time.Now().Add(expires)
		}
		t, text, err := d.CreateToken(ctx, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(d.process.stderr, "token %d of %s; it is not kept and cannot be shown again\n", t.ID, u.Name)
		return d.say("%s", text)
	})
	cmd.Short = "Make, list or revoke a user's API tokens"
	cmd.Long = cmd.Short + `.

A new token is printed alone on standard output. Programs send it as
Authorization: Bearer TOKEN. A token may never more than its user.`
	cmd.Flags().StringVar(&name, "name", "", "what the new token is for")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "what it may do: read, write, admin, ping, events, gate, histograms; several with commas")
	cmd.Flags().DurationVar(&expires, "expires", 0, "how long it holds, such as 2160h (default for ever)")
	cmd.Flags().BoolVar(&list, "list", false, "list the user's tokens")
	cmd.Flags().Int64Var(&revoke, "revoke", 0, "number of the token to revoke")
	return cmd
}

func (d userDesk) listTokens(ctx context.Context, u monitor.User) error {
	tokens, err := d.Tokens(ctx, u.ID)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(d.process.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tNAME\tBEGINS\tSCOPES\tEXPIRES\tLAST USE")
	for _, t := range tokens {
		var scopes []string
		for _, s := range t.Scopes {
			scopes = append(scopes, string(s))
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Hint, strings.Join(scopes, ","), dateOr(t.ExpiresAt, "never"), dateOr(t.UsedAt, "never"))
	}
	return w.Flush()
}

func (d userDesk) revokeToken(ctx context.Context, u monitor.User, id int64) error {
	tokens, err := d.Tokens(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.ID == id {
			if err := d.RevokeToken(ctx, id); err != nil {
				return err
			}
			return d.say("revoked token %d (%s) of %s", id, t.Name, u.Name)
		}
	}
	return monitor.Invalid("revoke", "%s has no token %s; see --list", u.Name, strconv.FormatInt(id, 10))
}

// readPassword asks for a password twice on a terminal, or takes the first line
// of what is not one.
func readPassword(p process) (string, error) {
	file, ok := p.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(p.stdin, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", monitor.Invalid("password", "there is no terminal to ask on, and standard input is empty: write the password to it")
		}
		return line, nil
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(p.stderr, prompt)
		text, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(p.stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(text), nil
	}
	first, err := ask("Password (at least " + strconv.Itoa(account.MinPassword) + " characters, a few words will do): ")
	if err != nil {
		return "", err
	}
	again, err := ask("The same again: ")
	if err == nil && first != again {
		err = monitor.Invalid("password", "the two are not the same")
	}
	return first, err
}
