package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
	"brana/gateway"
	"brana/gateway/conn"
	"brana/policy"
)

type explainCmd struct {
	Config string `short:"c" type:"path" placeholder:"FILE" help:"Static configuration whose policy decides; without it the sample policy of dev does."`
	File   string `arg:"" help:"The message, or - for standard input."`
	callerFlags
}

// Run prints what the gateway would decide about a message: 0 when it would be
// granted, 1 when refused.
func (e *explainCmd) Run(io stdio) error {
	message, err := readFile(e.File)
	if err != nil {
		return exit(exitUsage, err)
	}
	c, snapshot, err := e.policy()
	if err != nil {
		return exit(exitUsage, err)
	}
	now := time.Now()
	from, err := e.caller(c.Listen.TLS, snapshot, now)
	if err != nil {
		return exit(exitUsage, err)
	}
	from.print(io.out)
	service, err := serviceOf(message)
	if err != nil {
		fmt.Fprintf(io.out, "%s: refused: %s\n", e.File, reason(err))
		return exit(exitRefused, nil)
	}
	reader := egon.NewReader(c.Listen.Bounds.Egon())
	reader.Reset(service)
	_, relayed := c.Routes.Of(service.Code, c.Place).Relay()
	refusal := gateway.Trial{
		Policy:  snapshot,
		Caller:  from.Caller,
		Relayed: relayed,
		Now:     now,
	}.Explain(reader, message)
	q := reader.Head()
	if q != nil {
		fmt.Fprintf(io.out, "service %s, caller %s/%s/%s/%s, %s, policy %s\n", service.Code,
			q.Info.Agenda, q.Info.AgendovaRole,
			q.Info.Ovm, q.Info.Ais, words(q), snapshot.Version())
	}
	return e.verdict(io, refusal, from.refused)
}

// print prints who would call, and why the handshake would fail.
func (c *caller) print(out io.Writer) {
	if c.about != "" {
		fmt.Fprintln(out, c.about)
	}
	if c.refused != nil {
		fmt.Fprintf(out, "handshake refused: %s: %v\n", conn.ReasonOf(c.refused), c.refused)
	}
}

// verdict prints the refusal of a call; nil is none. handshake is why the call
// would not even be read.
func (e *explainCmd) verdict(io stdio, refusal *gateway.Refusal, handshake error) error {
	switch {
	case refusal != nil:
		fmt.Fprintf(io.out, "%s: refused: %s\n", e.File, refusal.Kind.Code)
		for _, popis := range refusal.Sentences() {
			fmt.Fprintf(io.out, "  %s\n", popis)
		}
		fmt.Fprintf(io.out, "  %s\n", refusal.Kind.Help)
	case handshake != nil:
		fmt.Fprintf(io.out, "%s: refused: the handshake fails, and the call is not read\n", e.File)
	default:
		fmt.Fprintf(io.out, "%s: granted\n", e.File)
		return nil
	}
	return exit(exitRefused, nil)
}

// policy returns the configuration and the policy that it names; without a file,
// those of dev.
func (e *explainCmd) policy() (*config.Config, *policy.Snapshot, error) {
	c, err := (&devCmd{Config: e.Config}).base()
	if err != nil {
		return nil, nil, err
	}
	var s *policy.Snapshot
	if e.Config == "" {
		s, err = policy.LoadFS(sample, samplePolicy(policy.Test))
	} else {
		s, err = policyOnDisk(c)
	}
	return c, s, err
}

// words lists the items that a message asks for.
func words(h *egon.Head) string {
	if len(h.Items) == 0 {
		return "no items"
	}
	list := []string{"items"}
	for _, w := range h.Items {
		list = append(list, string(w.Text))
	}
	return strings.Join(list, " ")
}
