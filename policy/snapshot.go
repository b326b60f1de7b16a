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

// A Snapshot is everything that is known about rights at one moment. It never changes,
// and any number of goroutines may use it. Its results are shared: callers do not
// change them either.
type Snapshot struct {
	version  string
	declared string
	loaded   time.Time
	grants   []*Grant
	byCaller map[caller][]*Grant // of the environment, earliest first, never overlapping
	known    map[caller]bool     // the callers of byCaller and their beginnings
	nearest  map[caller]string   // the same, last code folded → that code as granted
	matrix   matrix
	fetched  *fetchedMatrix  // in place of the matrix; nil: none
	words    map[string]bool // items beyond the vocabulary that any grant or row names
	aiseo    map[string]bool // items of AISEO beyond its schemas, by the vocabulary and flat lists

	identities    []*Identity
	byCertificate map[certificate]*Identity
}

// Version identifies the content of the snapshot: 12 hexadecimal digits. The same
// files, environment and fetched rows give the same version.
func (s *Snapshot) Version() string { return s.version }

// Declared identifies the loaded files and the environment alone: it is the version
// without fetched rows.
func (s *Snapshot) Declared() string { return s.declared }

// Loaded returns when the snapshot was loaded.
func (s *Snapshot) Loaded() time.Time { return s.loaded }

// Grants returns all grants, of both environments, in the order of their places.
func (s *Snapshot) Grants() []*Grant { return s.grants }

// Counts is the size of a policy.
type Counts struct {
	Grants     int // of both environments
	Identities int // certificates that are bound
	Buses      int // of them, those of the bus
	Rows       int // triples of the matrix
	Pairs      int // pairs of a triple and an item
}

// Counts returns the size of the snapshot.
func (s *Snapshot) Counts() Counts {
	rows, pairs := s.matrix.rows, s.matrix.pairs
	if f := s.fetched; f != nil {
		rows, pairs = f.rows, f.pairs
	}
	c := Counts{Grants: len(s.grants), Identities: len(s.identities), Rows: rows, Pairs: pairs}
	for _, i := range s.identities {
		if i.Bus {
			c.Buses++
		}
	}
	return c
}

// Row returns what the matrix permits to a triple, as E227 answers it: in lexicographic
// order of KodRpp, then of Kod; nil when the triple has no row. Below [Stale] nothing
// is known of the triple; a matrix from a file is always [Fresh]. Row neither checks
// the triple nor who asks.
func (s *Snapshot) Row(agenda, role, ovm []byte, now time.Time) ([]Item, Freshness) {
	row, fresh := s.row(agenda, role, ovm, now)
	if row == nil || fresh < Stale {
		return nil, fresh
	}
	return row.items, fresh
}

// Names reports whether the policy has an item beyond the published lists, by its word: a
// grant, a row of a matrix file or the vocabulary.
func (s *Snapshot) Names(word string) bool { return s.words[word] || s.aiseo[word] }

// knows reports whether a word is an item of a service by a list of words, or by the policy.
func (s *Snapshot) knows(service *egon.Service, word string) bool {
	if service.ReadsAiseo() {
		return s.aiseo[word]
	}
	return sourceOf(word) != anySource || s.words[word]
}

// A RowOrigin is where a row comes from.
type RowOrigin struct {
	Source  string    // name and version of the matrix file, or E227; empty: nowhere
	Fetched time.Time // when E227 gave it, to the second; zero: it is of a file
}

// RowOrigin returns where the row of a triple comes from, or that it has none. It does
// not allocate.
func (s *Snapshot) RowOrigin(agenda, role, ovm []byte) RowOrigin {
	if s.fetched == nil {
		return RowOrigin{Source: s.matrix.source}
	}
	c := s.fetched.find(agenda, role, ovm)
	if c == nil {
		return RowOrigin{}
	}
	return RowOrigin{Source: "E227", Fetched: c.life.fetched()}
}

// Grant returns the grant of a quadruple that is valid now. When there is none, it
// returns the reason and the hint that a [Decision] has.
func (s *Snapshot) Grant(q egon.Quadruple, now time.Time) (g *Grant, why Reason, hint string) {
	grants := s.byCaller[callerOf(q)]
	if len(grants) == 0 {
		why, hint = s.unknown(callerOf(q))
		return nil, why, hint
	}
	g, why = current(grants, now)
	return g, why, ""
}

// row returns what a triple may have, nil when it has no row, and how fresh that is.
func (s *Snapshot) row(agenda, role, ovm []byte, now time.Time) (*itemSet, Freshness) {
	if s.fetched != nil {
		return s.fetched.row(agenda, role, ovm, now)
	}
	return s.matrix.row(agenda, role, ovm), Fresh
}

// with returns the same policy with fetched rows in place of its matrix.
func (s *Snapshot) with(f *fetchedMatrix) *Snapshot {
	t := *s
	t.matrix, t.fetched = matrix{}, f
	digest := sha256.Sum256(fmt.Appendf(nil, "%s\x00%x", s.version, f.sum))
	t.version = hex.EncodeToString(digest[:6])
	return &t
}

// triples returns the triples of the environment's grants that have not ended.
func (s *Snapshot) triples(now time.Time) map[Triple]bool {
	all := map[Triple]bool{}
	for c, grants := range s.byCaller {
		if now.Before(grants[len(grants)-1].end) {
			all[Triple{c[0], c[1], c[2]}] = true
		}
	}
	return all
}

// index indexes the grants of the environment. They do not overlap.
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

// learn gathers the items beyond the vocabulary. Those of AISEO are closed: a grant names one
// of them only where its list has no registers.
func (s *Snapshot) learn(vocabulary map[string]Place) {
	s.words, s.aiseo = make(map[string]bool), make(map[string]bool)
	for word := range vocabulary {
		s.aiseo[word] = true
	}
	for _, g := range s.grants {
		for _, item := range g.Items {
			if sourceOf(item.Word) != anySource {
				continue
			}
			if item.Register != egon.AISEO {
				s.words[item.Word] = true
			}
			if item.Register == egon.NoRegister {
				s.aiseo[item.Word] = true
			}
		}
	}
	for i := range s.matrix.sets {
		for _, word := range s.matrix.sets[i].kods {
			if sourceOf(word) == anySource {
				s.words[word] = true
			}
		}
	}
}

// unknown names the first code of the caller that no grant has after the codes before
// it. The hint is the right form of a code that is nearly right.
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

// fold makes codes equal that differ only in case, or in leading zeros, which
// spreadsheets drop.
func fold(code string) string { return strings.ToLower(strings.TrimLeft(code, "+0")) }

// Identities returns all bindings, in the order of their places.
func (s *Snapshot) Identities() []*Identity { return s.identities }

// Identify returns the binding of a certificate, nil when there is none. It parses the
// issuer's name each time, so callers keep the answer as long as the snapshot.
func (s *Snapshot) Identify(cert *x509.Certificate) *Identity {
	issuer, err := nameOf(cert.RawIssuer)
	if err != nil {
		return nil
	}
	return s.byCertificate[certificate{issuer, cert.SerialNumber.Text(16)}]
}

// IdentifyNamed returns the binding of the certificate with a serial number and an
// issuer, both written as in an identity; nil when there is none. The error names the
// mistake in the writing.
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
