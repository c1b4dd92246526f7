package main

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newConfig prints the effective configuration, in the form of the file that
// would give it.
func newConfig(p process) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration, without secrets",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.load(cmd, p.getenv); err != nil {
				return err
			}
			return printConfig(cmd)
		},
	}
	c.flags(cmd.Flags())
	return cmd
}

func printConfig(cmd *cobra.Command) error {
	var err error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if err != nil || flag.Name == "help" || flag.Name == "config" {
			return
		}
		var value any = flag.Value.String()
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			value = list.GetSlice()
		}
		switch flag.Value.Type() {
		case "int", "int64", "bool":
			value = literal(flag.Value.String())
		}
		if slices.Contains(secretSettings, flag.Name) {
			value = redact(flag.Name, flag.Value)
		} else if u, err := url.Parse(flag.Value.String()); err == nil && u.User != nil {
			value = u.Redacted()
		}
		var text []byte
		text, err = yaml.Marshal(map[string]any{flag.Name: value})
		if err == nil {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "# %s\n%s", flag.Usage, text)
		}
	})
	return err
}

// literal is written without quotes.
type literal string

// MarshalYAML writes the text as it is.
func (l literal) MarshalYAML() ([]byte, error) { return []byte(l), nil }

// redact keeps as much of a secret as helps to recognise it.
func redact(name string, value pflag.Value) any {
	if list, ok := value.(pflag.SliceValue); ok {
		all := []string{}
		for _, header := range list.GetSlice() {
			key, _, _ := strings.Cut(header, ":")
			all = append(all, key+": (secret)")
		}
		return all
	}
	text := value.String()
	if text == "" {
		return ""
	}
	if u, err := url.Parse(text); err == nil && name == "smtp" {
		return u.Redacted()
	}
	return "(secret)"
}

// flagHint adds the nearest flag to an error about an unknown one.
func flagHint(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	if hint := didYouMean(unknown.GetSpecifiedName(), settingNames(cmd.Flags())); !strings.Contains(hint, "lists all keys") {
		return fmt.Errorf("%w%s", err, strings.Replace(hint, "mean ", "mean --", 1))
	}
	return err
}

// unwrapFlagError drops the library's words about the flag, which the caller
// names better, and its value, and says what a value of the flag's type is.
func unwrapFlagError(err error, kind string) error {
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	switch kind {
	case "duration":
		return fmt.Errorf("%q is not valid: write a time such as 90s, 5m or 2h", invalid.GetValue())
	case "int", "int64":
		return fmt.Errorf("%q is not valid: write a whole number", invalid.GetValue())
	case "bool":
		return fmt.Errorf("%q is not valid: write true or false", invalid.GetValue())
	case "": // what reads itself from text, which only the level does, has no type
		return fmt.Errorf("%q is not valid: write debug, info, warn or error", invalid.GetValue())
	}
	return fmt.Errorf("%q is not valid: %w", invalid.GetValue(), invalid.Unwrap())
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
