package gateway

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brana/egon"
)

// lets are rights to some words, asked for or not.
type lets []string

func (l lets) Permits(_ *egon.Service, word string, _ bool) bool { return slices.Contains(l, word) }

func (l lets) Detail(word string) (egon.Detail, bool) {
	return egon.Detail{SubKod: egon.NeniOpravneni, Popis: word}, true
}

// A trickle reads a document in pieces of the sizes drawn.
type trickle struct {
	t    *rapid.T
	rest []byte
}

func (r *trickle) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(r.rest), rapid.IntRange(1, 900).Draw(r.t, "piece"))
	copy(p, r.rest[:n])
	r.rest = r.rest[n:]
	return n, nil
}

func (*trickle) Close() error { return nil }

// drawPersons draws the data of a reply, and the same without what may not leave.
func drawPersons(t *rapid.T, rights lets) (data, kept string) {
	var all, left strings.Builder
	for range rapid.IntRange(0, 5).Draw(t, "persons") {
		for _, b := range []*strings.Builder{&all, &left} {
			b.WriteString(`<Osoba xmlns="` + egon.NSRobData + `">`)
		}
		for _, word := range rapid.SliceOfN(rapid.SampledFrom([]string{
			"Jmeno", "Prijmeni", "Telefon", "Email", "RodnePrijmeni", "Nove",
		}), 0, 6).Draw(t, "items") {
			value := rapid.SampledFrom([]string{
				"", " ", "X", "<![CDATA[<x>]]>", "&amp;", strings.Repeat("y", 3000), "<!-- c -->",
			}).Draw(t, "value")
			element := "<" + word + ">" + value + "</" + word + ">"
			all.WriteString(element)
			if strings.TrimSpace(value) == "" || slices.Contains(rights, word) {
				left.WriteString(element)
			}
		}
		all.WriteString("</Osoba>")
		left.WriteString("</Osoba>")
	}
	return all.String(), left.String()
}

// However a reply arrives and is taken, the data that leave are the registry's without what
// may not leave, and the length that is said is the length that leaves.
func TestFilteredRepliesLeaveAlikeInAnyPieces(t *testing.T) {
	pools := newPools(egon.DefaultBounds())
	service := egon.ServiceByCode("E05")
	rapid.Check(t, func(t *rapid.T) {
		rights := lets(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
			"Jmeno", "Prijmeni", "Telefon", "Email", "RodnePrijmeni",
		}), 0, 5, rapid.ID).Draw(t, "rights"))
		data, kept := drawPersons(t, rights)
		const mark = "<PERSONS/>"
		frame := strings.Replace(string(replyOf("E05", egon.OK)), "</e:RobCtiPodleUdajuResponse>",
			"<e:RobOdpoved><e:RobCtiPodleUdajuDataResponse>"+mark+
				"</e:RobCtiPodleUdajuDataResponse></e:RobOdpoved></e:RobCtiPodleUdajuResponse>", 1)
		doc := []byte(strings.Replace(frame, mark, data, 1))
		head, tail, _ := strings.Cut(frame, mark)
		answer := answerOf(nil)
		answer.Body, answer.Length = &trickle{t, doc}, -1
		if rapid.Bool().Draw(t, "known") {
			answer.Length = int64(len(doc))
		}
		inline := rapid.SampledFrom([]int64{1, 700, 4000, 1 << 20}).Draw(t, "inline")
		var o outbound
		defer o.close(&pools)
		o.own(answer)
		e := egon.Expectation{Rule: egon.FilterReturned, Rights: rights}
		if err := o.prove(&pools, service, e, holding{inline, 1 << 20}); err != nil {
			t.Fatal(err)
		}
		length := o.length
		var got []byte
		for {
			b, err := o.next(nil, rapid.SampledFrom([]int{1, 50, 4096, math.MaxInt}).Draw(t, "most"))
			if got = append(got, b...); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		begin, rest, found := bytes.Cut(got, []byte("<e:RobOdpoved>"))
		if !found || "<e:RobOdpoved>"+string(rest) != head[strings.Index(head, "<e:RobOdpoved>"):]+kept+tail {
			t.Fatalf("%s\nleft of\n%s\nwith %v", got, doc, rights)
		}
		whole := length >= 0
		if whole && length != len(got) || !whole && inline > int64(len(doc)) {
			t.Fatalf("length %d of %d bytes, %d arrived", length, len(got), len(doc))
		}
		warned := bytes.Contains(begin, []byte(egon.Varovani))
		if removed := data != kept; warned != removed && inline > int64(len(doc)) {
			t.Fatalf("the status is %s", begin)
		}
	})
}
