//go:build !race

package egon

import "testing"

// A refusal must cost less than the call that it refuses: it is written into a buffer of
// the connection and does not allocate.
func TestReplyAllocations(t *testing.T) {
	dst := make([]byte, 0, 16<<10)
	info := refusal()
	e198, e100 := ServiceByCode("E198"), ServiceByCode("E100")
	q := &RightsQuery{Agenda: []byte("A115"), AgendovaRole: []byte("CT239"),
		Ovm: []byte("00007064")}
	items := []RightsItem{{"Prijmeni", "101-1-1"}}
	for name, write := range map[string]func(){
		"AppendReply":      func() { AppendReply(dst, e198, true, info) },
		"AppendReply E100": func() { AppendReply(dst, e100, true, info) },
		"AppendFault": func() {
			AppendFault(dst, FaultClient, "BR_501: Zpráva není XML.",
				"malformed")
		},
		"AppendRights": func() { AppendRights(dst, true, info, q, items) },
	} {
		if got := testing.AllocsPerRun(100, write); got > 0 {
			t.Errorf("%s allocates %v times, want none", name, got)
		}
	}
}

func BenchmarkAppendReply(b *testing.B) {
	dst := make([]byte, 0, 16<<10)
	info, s := refusal(), ServiceByCode("E198")
	b.ReportAllocs()
	for b.Loop() {
		AppendReply(dst, s, true, info)
	}
}
