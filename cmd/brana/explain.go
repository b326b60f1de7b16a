package main

import (
	"encoding/json"
	"time"

	"brana/cmd/brana/config"
	"brana/gateway"
	"brana/gateway/conn"
	"brana/policy"
)

type explainCmd struct {
	Config string `short:"c" type:"path" placeholder:"FILE" help:"Static configuration whose policy decides; without it the sample policy of dev does."`
	JSON   bool   `name:"json" help:"Print the explanation as JSON."`
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
	trial := gateway.Trial{Policy: snapshot, Now: time.Now()}
	from, err := e.caller(c.Listen.TLS, snapshot, trial.Now)
	if err != nil {
		return exit(exitUsage, err)
	}
	trial.Caller = from.Caller
	x := &explanation{File: e.File, Verdict: refusedCall, Identity: from.about}
	if from.refused != nil {
		x.Handshake = conn.ReasonOf(from.refused) + ": " + from.refused.Error()
	}
	x.judge(message, c, trial)
	if e.JSON {
		encoder := json.NewEncoder(io.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(x)
	} else {
		err = x.print(io.out)
	}
	if err == nil && x.Verdict == refusedCall {
		err = exit(exitRefused, nil)
	}
	return err
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
		s, err = policy.LoadFS(sample, samplePolicy(policy.Test, config.Hub))
	} else {
		s, err = policyOnDisk(c)
	}
	return c, s, err
}
