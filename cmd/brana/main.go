package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the gateway."`
	Dev     devCmd     `cmd:"" help:"Run the gateway with simulated registries and a sample policy in one process."`
	Sim     simCmd     `cmd:"" help:"Run the simulated registries alone."`
	Persons personsCmd `cmd:"" help:"List the persons of the simulated registries."`
	Call    callCmd    `cmd:"" help:"Build and send a real call."`
	Lint    lintCmd    `cmd:"" help:"Check whether the gateway accepts a message."`
	Check   checkCmd   `cmd:"" help:"Check brana.yaml and its policy."`
	Explain explainCmd `cmd:"" help:"Explain why a call would be granted or refused."`
	Bench   benchCmd   `cmd:"" help:"Measure a gateway under load."`
	Quota   quotaCmd   `cmd:"" help:"Show the quota of a caller in a running gateway, raise it for a time, or reset its use."`
	Audit   auditCmd   `cmd:"" help:"Ask the record of use, and prove that it is whole."`
	Health  healthCmd  `cmd:"" help:"Ask a running gateway whether it is ready."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:], stdio{os.Stdout, os.Stderr})) }

// run parses the arguments, runs the verb and returns the exit code.
func run(args []string, io stdio) int {
	var c cli
	ended := -1
	parser, err := kong.New(&c,
		kong.Name("brana"),
		kong.Description("A streaming gateway in front of the Czech base registries."),
		kong.UsageOnError(),
		kong.Writers(io.out, io.err),
		kong.Exit(func(code int) { ended = code }),
		kong.Bind(io),
		kong.Vars{"url": defaultURL},
	)
	if err != nil {
		fmt.Fprintln(io.err, "brana:", err)
		return exitUsage
	}
	ctx, err := parser.Parse(args)
	if ended >= 0 { // --help
		return ended
	}
	if err != nil {
		fmt.Fprintf(io.err, "brana: %v; see %s --help\n", err, verb(err))
		return exitUsage
	}
	return code(ctx.Run(), io)
}

// verb is the part of the arguments that was understood, as brana quota raise.
func verb(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context.Selected() != nil {
		return wrong.Context.Selected().FullPath()
	}
	return "brana"
}
