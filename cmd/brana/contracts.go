package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"brana/egon"
)

// contracts reads the files of listen.wsdl; nil when it is not set. Symbolic
// links that lead out of the folder are not followed.
func (l *listenConfig) contracts() (*egon.Contracts, error) {
	if l.WSDL == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(l.WSDL)
	if err != nil {
		return nil, fmt.Errorf("listen.wsdl: %w", err)
	}
	defer root.Close()
	contracts, err := egon.ReadContracts(root.FS())
	if err != nil {
		return nil, fmt.Errorf("listen.wsdl: read %s: %w", l.WSDL, err)
	}
	return contracts, nil
}

// contractsRead says on the line of check what of listen.wsdl is served.
func (w *wired) contractsRead() string {
	if w.contracts == nil {
		return ""
	}
	services, schemas, foreign := w.contracts.Counts()
	text := fmt.Sprintf(", WSDLs of %d services with %d schemas", services, schemas)
	if foreign > 0 {
		text += fmt.Sprintf(" (%d WSDLs are of no service of the catalogue)", foreign)
	}
	return text
}

// checkPublicURL tells what is wrong with listen.public_url.
func (l *listenConfig) checkPublicURL(wrong func(key, format string, args ...any)) {
	if l.PublicURL == "" {
		return
	}
	u, err := url.Parse(l.PublicURL)
	plain := err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	if !plain || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(u.Path, "/") {
		wrong("listen.public_url", "%q is not the URL before the code of a service; write it as https://brana.example.cz/publikace, without a slash at its end", l.PublicURL)
	}
	if l.WSDL == "" {
		wrong("listen.public_url", "is of use in WSDLs only; set wsdl, or remove it")
	}
}
