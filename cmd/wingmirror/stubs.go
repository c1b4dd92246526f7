package main

import "github.com/spf13/cobra"

func newServe(p process) *cobra.Command {
	var c config
	x := &cobra.Command{Use: "serve", Args: noArgs, RunE: func(*cobra.Command, []string) error { return nil }}
	c.flags(x.Flags())
	return x
}
func newDemo(p process) *cobra.Command   { return &cobra.Command{Use: "demo"} }
func newDoctor(p process) *cobra.Command { return &cobra.Command{Use: "doctor"} }
