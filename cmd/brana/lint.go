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
	Service string   `placeholder:"CODE" help:"The service that is called; otherwise the operation in the message decides."`
	Files   []string `arg:"" name:"file" help:"Files, or - for standard input."`
}

// Run prints a verdict for each file: 0 when all are accepted, 1 when not, 2
// when one cannot be read.
func (l *lintCmd) Run(out stdio) error {
	if l.Service != "" && egon.ServiceByCode(l.Service) == nil {
		return exit(exitUsage, fmt.Errorf("--service %s: no service of the catalogue has this code",
			l.Service))
	}
	var unread []error
	rejected := false
	for _, file := range l.Files {
		message, err := readFile(file)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		verdict := "accept"
		if err := l.lint(message); err != nil {
			verdict, rejected = "reject ("+reason(err)+")", true
		}
		fmt.Fprintf(out.out, "%s: %s\n", file, verdict)
	}
	switch {
	case unread != nil:
		return exit(exitUsage, errors.Join(unread...))
	case rejected:
		return exit(exitRefused, nil)
	}
	return nil
}

// reason is what is wrong with a message, where in its structure, and at which
// byte.
func reason(err error) string {
	var (
		offence *egon.Offence
		syntax  *xmltext.SyntaxError
	)
	switch {
	case errors.As(err, &offence):
		return fmt.Sprintf("%v in %s at byte %d", offence.Err, offence.Path, offence.Offset)
	case errors.As(err, &syntax):
		return fmt.Sprintf("%v in %s at byte %d", syntax.Err, syntax.Path, syntax.Offset)
	}
	return err.Error()
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
		scan := func(window []byte, last bool) error { return scanAll(scanner, window, last) }
		return l.feed(message, scan)
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

// service finds the service that a message calls, by its operation.
func (l *lintCmd) service(message []byte) (*egon.Service, error) {
	if l.Service != "" {
		return egon.ServiceByCode(l.Service), nil
	}
	return serviceOf(message)
}

// serviceOf finds the service by the element that is a request of the catalogue:
// the root, or the child of Body. Without one the offence is at the place where it
// should be, unless the message is malformed.
func serviceOf(message []byte) (*egon.Service, error) {
	scanner := xmltext.NewScanner(xmltext.DefaultBounds())
	none := egon.Offence{
		Kind: egon.Mismatch,
		Path: "/",
		Err:  errors.New("no request of a service of the catalogue"),
	}
	body := 0 // depth of Body; 0: not yet read
	for at := 0; ; {
		token, n, err := scanner.Next(message[at:], true)
		if err != nil {
			return nil, err
		}
		at += n
		switch token.Kind {
		case xmltext.StartElement:
			space, local := string(token.Name.Space), string(token.Name.Local)
			if s := egon.ServiceByRequest(space, local); s != nil {
				return s, nil
			}
			depth := scanner.Depth()
			switch {
			case token.Name.Is(egon.NSEnvelope, "Body"):
				body = depth
			case none.Path == "/" && (body != 0 && depth == body+1 || depth == 1 &&
				!token.Name.Is(egon.NSEnvelope, "Envelope")):
				none.Path, none.Offset = scanner.Path(), token.Start
			}
		case xmltext.End:
			return nil, &none
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
