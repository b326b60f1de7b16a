package main

import (
	"fmt"
	"strings"
	"time"

	"brana/egon"
	"brana/gateway"
	"brana/policy"
)

type explainCmd struct {
	Config string `short:"c" type:"path" placeholder:"FILE" help:"Static configuration whose policy decides; without it the sample policy of dev does."`
	File   string `arg:"" help:"The message, or - for standard input."`
}

// Run says what the gateway would decide about a message: 0 when it would be
// granted, 1 when refused.
func (e *explainCmd) Run(io stdio) error {
	message, err := readFile(e.File)
	if err != nil {
		return exit(exitUsage, err)
	}
	snapshot, err := e.policy()
	if err != nil {
		return exit(exitUsage, err)
	}
	service, err := serviceOf(message)
	if err != nil {
		fmt.Fprintf(io.out, "%s: refused: %s\n", e.File, reason(err))
		return exit(exitRefused, nil)
	}
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(service)
	refusal := gateway.Explain(reader, message, snapshot, time.Now())
	q := reader.Head()
	if q != nil {
		fmt.Fprintf(io.out, "service %s, caller %s/%s/%s/%s, items %s, policy %s\n", service.Code, q.Info.Agenda, q.Info.AgendovaRole,
			q.Info.Ovm, q.Info.Ais, words(q), snapshot.Version())
	}
	if refusal == nil {
		fmt.Fprintf(io.out, "%s: granted\n", e.File)
		return nil
	}
	fmt.Fprintf(io.out, "%s: refused: %s\n", e.File, refusal.Kind.Code)
	for _, popis := range refusal.Sentences() {
		fmt.Fprintf(io.out, "  %s\n", popis)
	}
	fmt.Fprintf(io.out, "  %s\n", refusal.Kind.Help)
	return exit(exitRefused, nil)
}

func (e *explainCmd) policy() (*policy.Snapshot, error) {
	if e.Config == "" {
		return policy.LoadFS(sample, samplePolicy("test"))
	}
	c, err := readConfig(e.Config)
	if err != nil {
		return nil, err
	}
	return c.loadPolicy()
}

func words(h *egon.Head) string {
	var list []string
	for _, w := range h.Items {
		list = append(list, string(w.Text))
	}
	return strings.Join(list, " ")
}
