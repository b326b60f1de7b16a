package policy

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"brana/egon"
)

// A Snapshot is all that is known of rights at one moment. It never changes, so
// any number of goroutines may ask it, and what it hands out is shared: callers
// do not change it either.
type Snapshot struct {
	version  string
	declared string
	loaded   time.Time
	grants   []*Grant
	byCaller map[caller][]*Grant // of the snapshot's environment, earliest first, never overlapping
	known    map[caller]bool     // the callers of byCaller and their beginnings
	nearest  map[caller]string   // the same with the last code folded → that code as it is granted
	matrix   matrix
	fetched  *fetchedMatrix  // in place of the matrix; nil: none
	words    map[string]bool // items beyond the vocabulary that a grant or the matrix names, whosever

	identities    []*Identity
	byCertificate map[certificate]*Identity
}

// Version identifies the content the snapshot was loaded from: 12 hexadecimal
// digits, the same for the same files and environment.
func (s *Snapshot) Version() string { return s.version }

// Declared identifies what was loaded alone: the version without the rows that
// were fetched. Two gateways with the same files and environment have the same.
func (s *Snapshot) Declared() string { return s.declared }

// Loaded returns when the snapshot was loaded.
func (s *Snapshot) Loaded() time.Time { return s.loaded }

// Grants returns all grants, of both environments, in the order of their files
// and of their places in them.
func (s *Snapshot) Grants() []*Grant { return s.grants }

// Counts says how large a policy is.
type Counts struct {
	Grants     int // of both environments
	Identities int // certificates that are bound
	Rows       int // triples of the matrix
	Pairs      int // pairs of a triple and an item
}

// Counts returns the size of the snapshot.
func (s *Snapshot) Counts() Counts {
	rows, pairs := s.matrix.rows, s.matrix.pairs
	if f := s.fetched; f != nil {
		rows, pairs = f.rows, f.pairs
	}
	return Counts{Grants: len(s.grants), Identities: len(s.identities), Rows: rows, Pairs: pairs}
}

// Row returns what the matrix permits to a triple, as E227 answers it: in
// lexicographic order of KodRpp, then of Kod; nil when the triple has no row.
// Whoever has fetched rows looks at the freshness too: below [Stale] the answer
// says nothing. It neither checks the triple nor asks who wants to know.
func (s *Snapshot) Row(agenda, role, ovm []byte, now time.Time) ([]Item, Freshness) {
	row, fresh := s.row(agenda, role, ovm, now)
	if row == nil || fresh < Stale {
		return nil, fresh
	}
	return row.items, fresh
}

// Grant returns the grant of a quadruple that is valid now. Where there is none
// the reason says why, as that of a decision does, and the hint is the id that it
// names as it would be right.
func (s *Snapshot) Grant(q egon.Quadruple, now time.Time) (g *Grant, why Reason, hint string) {
	grants := s.byCaller[callerOf(q)]
	if len(grants) == 0 {
		why, hint = s.unknown(callerOf(q))
		return nil, why, hint
	}
	g, why = current(grants, now)
	return g, why, ""
}

// row returns the row of a triple, nil when it has none, and what the row or its
// absence may do now.
func (s *Snapshot) row(agenda, role, ovm []byte, now time.Time) (*itemSet, Freshness) {
	if s.fetched != nil {
		return s.fetched.row(agenda, role, ovm, now)
	}
	return s.matrix.row(agenda, role, ovm), Fresh
}

// with returns the same policy with rows in place of its matrix.
func (s *Snapshot) with(f *fetchedMatrix) *Snapshot {
	t := *s
	t.matrix, t.fetched = matrix{}, f
	digest := sha256.Sum256(fmt.Appendf(nil, "%s\x00%x", s.version, f.sum))
	t.version = hex.EncodeToString(digest[:6])
	return &t
}

// triples are those of the grants of the environment that have not ended.
func (s *Snapshot) triples(now time.Time) map[Triple]bool {
	all := map[Triple]bool{}
	for c, grants := range s.byCaller {
		if now.Before(grants[len(grants)-1].end) {
			all[Triple{c[0], c[1], c[2]}] = true
		}
	}
	return all
}

// index makes the grants of the environment findable. They do not overlap.
func (s *Snapshot) index(env Environment) {
	s.byCaller = make(map[caller][]*Grant)
	s.known = make(map[caller]bool)
	s.nearest = make(map[caller]string)
	for _, g := range s.grants {
		if g.Environment != env {
			continue
		}
		c := callerOf(g.Quadruple)
		s.byCaller[c] = insertByStart(s.byCaller[c], g)
		var beginning caller
		for i, code := range c {
			beginning[i] = fold(code)
			s.nearest[beginning] = code
			beginning[i] = code
			s.known[beginning] = true
		}
	}
}

// learn gathers the items that the vocabulary lacks.
func (s *Snapshot) learn() {
	s.words = make(map[string]bool)
	learn := func(words []string) {
		for _, word := range words {
			if sourceOf(word) == anySource {
				s.words[word] = true
			}
		}
	}
	for _, g := range s.grants {
		learn(g.Items)
	}
	for i := range s.matrix.sets {
		learn(s.matrix.sets[i].kods)
	}
}

// unknown says which code of the caller is the first that no grant has after
// the codes before it, and how it would be right if it is nearly so.
func (s *Snapshot) unknown(c caller) (Reason, string) {
	var beginning caller
	for i, code := range c {
		beginning[i] = code
		if code != "" && s.known[beginning] {
			continue
		}
		hint := ""
		if beginning[i] = fold(code); beginning[i] != "" {
			hint = s.nearest[beginning]
		}
		return UnknownAgenda + Reason(i), hint
	}
	return UnknownAis, ""
}

// fold makes codes equal that differ only in case, or in the leading zeros that
// spreadsheets eat.
func fold(code string) string { return strings.ToLower(strings.TrimLeft(code, "+0")) }

// Identities returns all bindings, in the order of their files and of their
// places in them.
func (s *Snapshot) Identities() []*Identity { return s.identities }

// Identify returns the binding of a certificate, nil when there is none. It
// reads the issuer's name anew each time, so whoever asks often keeps the
// answer as long as the snapshot.
func (s *Snapshot) Identify(cert *x509.Certificate) *Identity {
	issuer, err := nameOf(cert.RawIssuer)
	if err != nil {
		return nil
	}
	return s.byCertificate[certificate{issuer, cert.SerialNumber.Text(16)}]
}

// IdentifyNamed returns the binding of the certificate that has a serial number
// and an issuer, both written as in an identity; nil when there is none. The
// error says what is wrong with the writing.
func (s *Snapshot) IdentifyNamed(serial, issuer string) (*Identity, error) {
	number, err := parseSerial(serial)
	if err != nil {
		return nil, err
	}
	name, err := parseIssuer(issuer)
	if err != nil {
		return nil, err
	}
	return s.byCertificate[certificate{name, number}], nil
}
