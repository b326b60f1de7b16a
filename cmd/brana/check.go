package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"brana/policy"
)

type checkCmd struct {
	Config  string `short:"c" default:"brana.yaml" help:"Static configuration." type:"path"`
	Example bool   `help:"Print an example configuration and end."`
}

// Run checks a configuration as serve would, without listening or calling
// anybody.
func (k *checkCmd) Run(io stdio) error {
	if k.Example {
		_, err := io.out.Write(exampleConfig)
		return err
	}
	c, err := readConfig(k.Config)
	if err != nil {
		return exit(exitRefused, err)
	}
	w, err := wire(c, c.loadPolicy, &logger{Logger: zap.NewNop()})
	if err != nil {
		return exit(exitRefused, err)
	}
	if w.rows != nil && w.rows.Loaded() != nil {
		return exit(exitRefused, errors.Join(w.rows.Loaded(), w.close()))
	}
	counts := w.policy.Current().Counts()
	fmt.Fprintf(io.out, "%s: ok, policy %s: %d grants, %d matrix rows, %d items%s\n", k.Config, w.policy.Current().Version(),
		counts.Grants, counts.Rows, counts.Pairs, identities(c, counts)+w.rowsOnDisk()+w.contractsRead())
	return w.close()
}

// identities says how many certificates are bound, where callers need one.
func identities(c *config, counts policy.Counts) string {
	switch {
	case c.Listen.TLS == nil:
		return ""
	case counts.Identities == 0:
		return ", no identities, so no certificate is let in"
	}
	return fmt.Sprintf(", %d identities", counts.Identities)
}

// misdirected is the error of an admin listener that does not answer under the
// name by which it was called, in its words.
func misdirected(address string, says io.Reader) error {
	text, _ := io.ReadAll(io.LimitReader(says, 1<<10)) // what is there is said
	return fmt.Errorf("ask %s: %s", address, strings.TrimSpace(string(text)))
}

type healthCmd struct {
	Admin string `default:"127.0.0.1:8081" placeholder:"ADDR" help:"Admin listener of the gateway (${default})."`
}

// Run asks /readyz: 0 when ready, 1 when not, 3 when nobody answers.
func (h *healthCmd) Run(io stdio) error {
	client := http.Client{Timeout: 2 * time.Second}
	response, err := client.Get("http://" + h.Admin + "/readyz")
	if err != nil {
		return exit(exitUnreachable, fmt.Errorf("ask %s: %w", h.Admin, err))
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusMisdirectedRequest {
		return exit(exitUnreachable, misdirected(h.Admin, response.Body))
	}
	if response.StatusCode != http.StatusOK {
		return exit(exitRefused, fmt.Errorf("not ready (see http://%s/readyz?verbose)", h.Admin))
	}
	_, err = fmt.Fprintln(io.out, "ready")
	return err
}
