package egon

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"brana/egon/xmltext"
)

// In any reply, cut in any way, and for any rights: what leaves is what an oracle makes of the
// whole document, and holds no item that may not leave.
func TestFilteredIsWhatAnOracleMakes(t *testing.T) {
	off, memo := NewReplyReader(DefaultBounds()), NewReplyReader(DefaultBounds())
	off.scan.SetMemo(xmltext.MemoOff)
	memo.scan.SetMemo(xmltext.MemoAll)
	codes := servicesWithReplies(returnedSections())
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(codes).Draw(t, "service")
		info := drawHeader(t)
		doc := replyHeaded(code, info, drawInside(t, replies().roots[code]))
		rights := someRights(rapid.Uint64().Draw(t, "rights"))
		size := rapid.SampledFrom([]int{1, 2, 3, 5, 8, 40, len(doc)}).Draw(t, "window")
		for _, r := range []*ReplyReader{off, memo, memo} {
			if diff := filterDiffers(r, code, doc, rights, size); diff != "" {
				t.Fatalf("in windows of %d bytes: %s in\n%s", size, diff, doc)
			}
		}
	})
}

// filterDiffers returns how what leaves differs from what should, or "". Of a message that is
// no reply it is "".
func filterDiffers(r *ReplyReader, code string, doc []byte, rights Rights, size int) string {
	e := Expectation{Rule: FilterReturned, Rights: rights}
	got, err := filter(r, code, doc, e, size, 0)
	if err != nil {
		return ""
	}
	order := slices.Collect(r.Removed().Words())
	want, removed, ok := leavingBy(code, doc, rights, order)
	if !ok {
		return ""
	}
	if diff := difference(string(got), string(want)); diff != "" {
		return diff
	}
	is, should := inOrder(order), inOrder(slices.Collect(removed.Words()))
	if is != should && !removed.cut {
		return "removed " + is + ", want " + should
	}
	held := *r.Returned()
	e.Rule = RefuseReturned
	if _, err := filter(r, code, got, e, size, 0); err != nil {
		return "what leaves: " + err.Error()
	}
	if *r.Returned() != held {
		return "what leaves is not what was returned"
	}
	return ""
}

// drawHeader draws the OdpovedInfo of a reply.
func drawHeader(t *rapid.T) string {
	kod := rapid.SampledFrom([]string{OK, OK, OK, Varovani, Chyba, "", "O<!-- c -->K", "&#79;K",
		"<![CDATA[OK]]>"}).Draw(t, "kod")
	sum := rapid.SampledFrom([]string{"", "<reg:AisKontrola>AAAA</reg:AisKontrola>",
		"<reg:AisKontrola/><reg:IszrKontrola>AAAA</reg:IszrKontrola>"}).Draw(t, "sums")
	detail := rapid.SampledFrom([]string{"", "<reg:VysledekDetail/>"}).Draw(t, "detail")
	return "<abs:OdpovedInfo><reg:Status><reg:VysledekKod>" + kod + "</reg:VysledekKod>" +
		detail + "</reg:Status>" + sum + "</abs:OdpovedInfo>"
}

// FuzzFilterReply: what leaves of any message is what an oracle makes of it.
func FuzzFilterReply(f *testing.F) {
	for _, tt := range returnedExamples {
		f.Add(string(replyWith(tt.code, tt.inner)), tt.code, uint64(3), uint8(7))
	}
	off, memo := NewReplyReader(DefaultBounds()), NewReplyReader(DefaultBounds())
	off.scan.SetMemo(xmltext.MemoOff)
	memo.scan.SetMemo(xmltext.MemoAll)
	f.Fuzz(func(t *testing.T, doc, code string, rights uint64, step uint8) {
		if replyOf(code) == nil {
			return
		}
		for _, r := range []*ReplyReader{off, memo, memo} {
			if diff := filterDiffers(r, code, []byte(doc), someRights(rights), 1+int(step)); diff != "" {
				t.Errorf("in windows of %d bytes: %s", 1+int(step), diff)
			}
		}
	})
}
