package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// identityOf reads one binding. It notes mistakes, and returns nil when there are any.
func identityOf(d document, n ast.Node, prague *time.Location) *Identity {
	before := d.count()
	name, keys := "the identity", []string{"serial", "issuer", "ais", "administrator", "agendas",
		"addresses?", "blocked_from?", "bus?"}
	if isBus(n) { // its header names the caller
		name, keys = "the identity of the bus", []string{"serial", "issuer", "bus",
			"administrator", "addresses?", "blocked_from?"}
	}
	m, ok := d.mapping(n, name, keys...)
	if !ok {
		return nil
	}
	i := &Identity{
		Serial:        m.serial(),
		Bus:           m.bool("bus"),
		Ais:           m.ais(),
		Administrator: m.code("administrator", longestOvm),
		Agendas:       m.agendas(),
		Addresses:     m.addresses(),
		Place:         d.whereOf(n),
	}
	i.Rule = i.Place.line()
	i.Issuer, i.key = m.issuer(i.Serial)
	if m.values["blocked_from"] != nil {
		i.BlockedFrom = m.date("blocked_from", prague)
	}
	if d.count() > before {
		return nil
	}
	return i
}

// isBus reports whether an identity has bus: true.
func isBus(n ast.Node) bool {
	pairs, _ := pairsOf(n)
	return slices.ContainsFunc(pairs, func(p *ast.MappingValueNode) bool {
		value, ok := p.Value.(*ast.BoolNode)
		return p.Key.GetToken().Value == "bus" && ok && value.Value
	})
}

func (m mapping) serial() string {
	s, ok := m.string("serial")
	if !ok {
		return ""
	}
	number, err := parseSerial(s.text)
	if err != nil {
		m.fail(s.node, "%v", err)
	}
	return number
}

// issuer reads a distinguished name. It returns the name and, with the serial number,
// the key of the certificate.
func (m mapping) issuer(serial string) (string, certificate) {
	s, ok := m.string("issuer")
	if !ok {
		return "", certificate{}
	}
	name, err := parseIssuer(s.text)
	if err != nil {
		m.fail(s.node, "%v", err)
	}
	return s.text, certificate{name, serial}
}

// agendas reads codes of agendas, at least one, and sorts them.
func (m mapping) agendas() []string {
	var codes []string
	for _, s := range m.list("agendas") {
		if !isCode(s.text, longestAgenda) {
			m.fail(s.node, "agendas has %q: write codes of agendas, at most %d characters each",
				s.text, longestAgenda)
		}
		codes = append(codes, s.text)
	}
	if n, ok := m.values["agendas"].(*ast.SequenceNode); ok && len(n.Values) == 0 {
		m.fail(n, "agendas is empty: list at least one, or remove the identity")
	}
	slices.Sort(codes)
	return codes
}

func (m mapping) addresses() []netip.Prefix {
	var list []netip.Prefix
	for _, s := range m.list("addresses") {
		prefix, err := parseAddress(s.text)
		if err != nil {
			m.fail(s.node, "addresses: %v", err)
		}
		list = append(list, prefix)
	}
	if n, ok := m.values["addresses"].(*ast.SequenceNode); ok && len(n.Values) == 0 {
		m.fail(n, "addresses is empty: list at least one, or leave the key out to allow any")
	}
	return list
}

// parseAddress reads one address or a range of them.
func parseAddress(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || p.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("%q is no address: write 10.1.2.3 or 10.0.0.0/8", text)
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%s begins inside its range: write %s", text, p.Masked())
	}
	return p, nil
}
