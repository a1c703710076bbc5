package main

import (
	"github.com/spf13/cobra"
)

func newHealthCommand() *cobra.Command {
	o := &serverOptions{}
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Check whether a server or worker is ready",
		Long: `Check whether a server is ready to accept jobs: whether its /readyz answers the
status 204. It is asked once. With --server and the --metrics-addr of a worker,
check whether that worker is ready to paint. An image without other programs can
use this command as its health check.`,
		Example: `  pastiche health
  pastiche health --server 127.0.0.1:9090`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.connect()
			if err != nil {
				return err
			}
			return c.Ready(cmd.Context())
		},
	}
	o.AddFlags(cmd)
	return cmd
}
