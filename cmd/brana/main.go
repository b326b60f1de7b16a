// Command brana is a streaming gateway in front of the Czech base registries:
// one binary that serves, simulates, calls, checks and explains.
//
// It is the only place that reads flags, files and the environment, and it
// wires the packages together; what they do is theirs. Data goes to standard
// output, diagnostics to standard error. The exit code is 0 when all is well,
// 1 when a call was refused or a check failed, 2 for wrong usage or unreadable
// input, 3 when a dependency cannot be reached.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"
)

// version is set when a release is linked; otherwise the build's own
// information is shown.
var version = ""

// The exit codes.
const (
	exitRefused     = 1 // refused, or a check failed
	exitUsage       = 2 // wrong usage, or input that cannot be read
	exitUnreachable = 3 // a dependency cannot be reached
)

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the gateway."`
	Dev     devCmd     `cmd:"" help:"Run the gateway with simulated registries and a sample policy in one process."`
	Sim     simCmd     `cmd:"" help:"Run the simulated registries alone."`
	Persons personsCmd `cmd:"" help:"List whom the simulated registries know."`
	Call    callCmd    `cmd:"" help:"Build and send a real call."`
	Lint    lintCmd    `cmd:"" help:"Say whether the gate would let a message pass."`
	Check   checkCmd   `cmd:"" help:"Check brana.yaml and the policy it names."`
	Explain explainCmd `cmd:"" help:"Say why a call would be granted or refused."`
	Bench   benchCmd   `cmd:"" help:"Measure a gateway under load."`
	Quota   quotaCmd   `cmd:"" help:"Look at the quota of a caller in a running gateway, raise it for a time, or forget what was used."`
	Health  healthCmd  `cmd:"" help:"Ask a running gateway whether it is ready."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// stdio is where a verb writes: data to out, diagnostics to err.
type stdio struct{ out, err io.Writer }

// An exitError ends the program with a code; a nil Err has been told already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exit(code int, err error) error { return &exitError{code, err} }

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

// verb is how far the arguments were understood, as brana quota grant.
func verb(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context.Selected() != nil {
		return wrong.Context.Selected().FullPath()
	}
	return "brana"
}

// code tells an error and returns the exit code it ends with.
func code(err error, io stdio) int {
	if err == nil {
		return 0
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitUsage, err}
	}
	if e.err != nil {
		say(io.err, "brana: "+e.err.Error()+"\n")
	}
	return e.code
}

// lastWords is how long the program waits for the reader of its last words, which
// may have stalled.
const lastWords = 100 * time.Millisecond

// say writes the last words of the program.
func say(to io.Writer, words string) {
	said := make(chan struct{})
	go func() {
		_, _ = io.WriteString(to, words) // there is nobody else to tell
		close(said)
	}()
	select {
	case <-said:
	case <-time.After(lastWords):
	}
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(io stdio) error {
	_, err := fmt.Fprintln(io.out, versionText())
	return err
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
