package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"wingmirror/monitor"
)

const variablePrefix = "WINGMIRROR_"

// variableOf returns the environment variable of a setting.
func variableOf(setting string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// misspeltVariables refuses environment variables that are no setting but look
// like one. Others are let be: container platforms set WINGMIRROR_PORT and the
// like for a service of that name.
func misspeltVariables(environ []string, command *pflag.FlagSet) error {
	var c config
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	c.flags(all)
	all.AddFlagSet(command)
	known := make([]string, 0, len(secretSettings))
	for _, name := range settingNames(all) {
		known = append(known, variableOf(name))
	}
	for _, name := range secretSettings {
		known = append(known, variableOf(name)+"_FILE")
	}
	known = append(known, serverVariable, tokenVariable, tokenVariable+"_FILE", pingKeyVariable)
	var errs monitor.FieldErrors
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || slices.Contains(known, name) {
			continue
		}
		near := monitor.Nearest(rest, withoutPrefix(known))
		if near != "" {
			errs = append(errs, monitor.Invalid(name, "is no setting; did you mean %s%s?", variablePrefix, near))
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

func withoutPrefix(variables []string) []string {
	names := make([]string, len(variables))
	for i, v := range variables {
		names[i] = strings.TrimPrefix(v, variablePrefix)
	}
	return names
}
