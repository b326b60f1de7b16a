package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

type healthCmd struct {
	Admin string `default:"127.0.0.1:8081" placeholder:"ADDR" help:"Admin listener of the gateway (${default})."`
}

// Run asks /readyz: 0 when ready, 1 when not, 3 when nobody answers.
func (h *healthCmd) Run(io stdio) error {
	client := http.Client{Timeout: 2 * time.Second}
	response, err := client.Get(adminURL(h.Admin, "/readyz"))
	if err != nil {
		return exit(exitUnreachable, fmt.Errorf("ask %s: %w", h.Admin, err))
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusMisdirectedRequest {
		return exit(exitUnreachable, misdirected(h.Admin, response.Body))
	}
	if response.StatusCode != http.StatusOK {
		return exit(exitRefused, fmt.Errorf("not ready (see %s)", adminURL(h.Admin, "/readyz?verbose")))
	}
	_, err = fmt.Fprintln(io.out, "ready")
	return err
}

// misdirected is the error of an admin listener that does not answer to the name
// by which it was called. It quotes the answer.
func misdirected(address string, answer io.Reader) error {
	text, _ := io.ReadAll(io.LimitReader(answer, 1<<10)) // a part of it is better than nothing
	return fmt.Errorf("ask %s: %s", address, strings.TrimSpace(string(text)))
}
