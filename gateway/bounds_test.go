package gateway

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"brana/egon"
	"brana/egon/xmltext"
)

// count is the value of a metric with one label.
func (s *testGateway) count(t *testing.T, name, label string) float64 {
	t.Helper()
	for _, m := range gather(t, s)[name].GetMetric() {
		if m.GetLabel()[0].GetValue() == label {
			return m.GetCounter().GetValue()
		}
	}
	return 0
}

// Each bound is kept to as it was set, and what it refuses is counted; a
// message just within passes.
func TestBoundsAreKeptAndCounted(t *testing.T) {
	inner := func(s string) []byte { return call{inner: s}.message() }
	plain := call{}.message()
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d=''", i)
		}
		return b.String()
	}
	for _, c := range []struct {
		bound     string
		set       func(*Config)
		good, bad []byte
	}{
		{
			"max_message", func(c *Config) { c.MaxMessage = 100 << 10 },
			largeMessage(90 << 10), largeMessage(100 << 10),
		},
		{
			"head", func(c *Config) { c.Bounds.HeadBytes = len(plain) + 100 },
			plain, append(bytes.Repeat([]byte(" "), 500), plain...),
		},
		{
			"items", func(c *Config) { c.Bounds.Items = 2 },
			call{items: []string{"Jmeno", "Prijmeni"}}.message(),
			call{items: []string{"Jmeno", "Prijmeni", "Jmeno"}}.message(),
		},
		{
			"name", func(c *Config) { c.Bounds.XML.NameBytes = 40 },
			inner("<" + strings.Repeat("x", 40) + "/>"),
			inner("<" + strings.Repeat("x", 41) + "/>"),
		},
		{
			"tag", func(c *Config) { c.Bounds.XML.TagBytes = 1000 },
			inner("<x a='" + strings.Repeat("x", 900) + "'/>"),
			inner("<x a='" + strings.Repeat("x", 1000) + "'/>"),
		},
		{
			"attributes", func(c *Config) { c.Bounds.XML.Attrs = 9 },
			inner("<x" + attributes(9) + "/>"), inner("<x" + attributes(10) + "/>"),
		},
		{
			"depth", func(c *Config) { c.Bounds.XML.Depth = 9 },
			inner(strings.Repeat("<x>", 6) + strings.Repeat("</x>", 6)),
			inner(strings.Repeat("<x>", 7) + strings.Repeat("</x>", 7)),
		},
		{
			"namespaces", func(c *Config) { c.Bounds.XML.Namespaces = 9 },
			inner("<x xmlns:a='a'/>"),
			inner(
				"<x" + strings.NewReplacer(" a", " xmlns:a", "''", "'u'").Replace(attributes(9)) +
					"/>",
			),
		},
		{
			"held", func(*Config) {},
			append(largeMessage(1<<10), bytes.Repeat([]byte(" "), 100<<10)...),
			append(largeMessage(1<<10), bytes.Repeat([]byte(" "), 400<<10)...),
		},
		{"inline_limit", func(c *Config) {
			c.InlineLimit = 10 << 10
			c.Routes.Default = Route{Kind: RefuseRoute}
		},
			call{code: "E227"}.message(), append(call{code: "E227"}.message(), bytes.Repeat([]byte(" "), 10<<10)...)},
	} {
		t.Run(c.bound, func(t *testing.T) {
			for _, chunked := range []bool{false, true} {
				s := startGateway(t, func(s *settings) { c.set(&s.cfg) })
				path := "/publikace/E05"
				if c.bound == "inline_limit" {
					path = "/publikace/E227"
				}
				s.askIn(t, path, c.good, chunked, 200)
				body := s.askIn(t, path, c.bad, chunked, 500)
				if !strings.Contains(body, "BR_504: ") {
					t.Error(body)
				}
				s.lines(t, 2)
				for _, b := range bounds {
					want := 0.0
					if b.name == c.bound {
						want = 1
					}
					if got := s.count(t, "brana_bound_refusals_total", b.name); got != want {
						t.Errorf("%s counted %v times, want %v", b.name, got, want)
					}
				}
			}
		})
	}
}

func (s *testGateway) askIn(
	t *testing.T, path string, message []byte, chunked bool, status int,
) string {
	t.Helper()
	w := s.dial(t)
	if chunked {
		w.write(
			header(path, "Transfer-Encoding: chunked"),
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(message), message),
		)
	} else {
		w.write(withLength(path, message))
	}
	r, body := w.answer()
	if r.StatusCode != status {
		t.Errorf("status %d, want %d: %s", r.StatusCode, status, body)
	}
	return body
}

// A header beyond its bound, and a reply beyond those of messages.
func TestOtherBoundsAreCounted(t *testing.T) {
	s := startGateway(t)
	w := s.dial(t)
	w.write("POST /publikace/E05 HTTP/1.1\r\nX: " + strings.Repeat("y", 20<<10) + "\r\n\r\n")
	w.answer()
	s.lines(t, 1)
	if got := s.count(t, "brana_bound_refusals_total", "header"); got != 1 {
		t.Errorf("header counted %v times", got)
	}
	deep := replyOf("E05", egon.OK)
	deep = insert(
		deep, bytes.LastIndex(deep, []byte("</e:")),
		[]byte(strings.Repeat("<x>", 20)+strings.Repeat("</x>", 20)),
	)
	s = startGateway(t, staticRelay(deep), func(s *settings) { s.cfg.Bounds.XML.Depth = 15 })
	checkRefusal(t, s.post(t, "/publikace/E05", call{}.message()), RegistryFailed, EgonMode, nil)
	s.lines(t, 1)
	if got := s.count(t, "brana_bound_refusals_total", "depth"); got != 1 {
		t.Errorf("depth counted %v times", got)
	}
}

func TestBoundsLeftOutHaveDefaults(t *testing.T) {
	s := newGateway(t, func(s *settings) { s.cfg.Bounds.XML = xmltext.Bounds{Depth: 7} })
	want := egon.DefaultBounds()
	want.XML.Depth, want.TotalBytes = 7, 256<<20
	if s.cfg.Bounds != want {
		t.Errorf("bounds = %+v", s.cfg.Bounds)
	}
}
