package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"brana/egon"
	"brana/egon/xmltext"
)

type lintCmd struct {
	XML     bool     `name:"xml" help:"Only well-formedness without DTD; processing instructions are allowed."`
	Stream  bool     `help:"Feed the message in random pieces, as it comes over the wire."`
	Service string   `placeholder:"CODE" help:"The service it is a call of; otherwise the operation in it says which."`
	Files   []string `arg:"" name:"file" help:"Files, or - for standard input."`
}

// Run prints a verdict for each file: 0 when all are accepted, 1 when not, 2
// when one cannot be read.
func (l *lintCmd) Run(out stdio) error {
	rejected := false
	for _, file := range l.Files {
		message, err := readFile(file)
		if err != nil {
			return exit(exitUsage, err)
		}
		verdict := "accept"
		if err := l.lint(message); err != nil {
			verdict, rejected = fmt.Sprintf("reject (%v)", err), true
		}
		fmt.Fprintf(out.out, "%s: %s\n", file, verdict)
	}
	if rejected {
		return exit(exitRefused, nil)
	}
	return nil
}

func readFile(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(file)
}

// lint feeds a message through the scanner, or through the whole reader and
// the checks of values.
func (l *lintCmd) lint(message []byte) error {
	if l.XML {
		scanner := xmltext.NewScanner(xmltext.DefaultBounds())
		return l.feed(message, func(window []byte, last bool) error { return scanAll(scanner, window, last) })
	}
	service, err := l.service(message)
	if err != nil {
		return err
	}
	reader := egon.NewReader(egon.DefaultBounds())
	reader.Reset(service)
	if err := l.feed(message, reader.Feed); err != nil {
		return err
	}
	if offence := reader.Head().Check(); offence != nil {
		return offence
	}
	return nil
}

// service finds which service a message calls, by its operation.
func (l *lintCmd) service(message []byte) (*egon.Service, error) {
	if l.Service != "" {
		if s := egon.ServiceByCode(l.Service); s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("no service has the code %s", l.Service)
	}
	return serviceOf(message)
}

// serviceOf finds the service by the first element that is a request of the
// catalogue: the root, or the child of Body.
func serviceOf(message []byte) (*egon.Service, error) {
	scanner := xmltext.NewScanner(xmltext.DefaultBounds())
	for at := 0; ; {
		token, n, err := scanner.Next(message[at:], true)
		if err != nil {
			return nil, err
		}
		at += n
		switch token.Kind {
		case xmltext.StartElement:
			for _, s := range egon.Services() {
				if token.Name.Is(s.Namespace, s.Request) {
					return s, nil
				}
			}
		case xmltext.End:
			return nil, errors.New("no operation of a known service in it")
		}
	}
}

// feed gives a message to a function whole, or in random pieces.
func (l *lintCmd) feed(message []byte, feed func(window []byte, last bool) error) error {
	for l.Stream && len(message) > 1 {
		n := 1 + rand.IntN(min(len(message)-1, 4096))
		if err := feed(message[:n], false); err != nil {
			return err
		}
		message = message[n:]
	}
	return feed(message, true)
}

// scanAll reads every token of a window.
func scanAll(s *xmltext.Scanner, window []byte, last bool) error {
	for {
		token, n, err := s.Next(window, last)
		switch {
		case err == xmltext.ErrMore:
			return nil
		case err != nil:
			return err
		case token.Kind == xmltext.End:
			return nil
		}
		window = window[n:]
	}
}
