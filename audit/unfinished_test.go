package audit

import (
	"fmt"
	"strings"
	"testing"
)

func TestUnfinished(t *testing.T) {
	line := func(seq uint64, rest string) []byte {
		return fmt.Appendf(nil, `{"seq":%d,"prev":"%s",%s}`, seq, strings.Repeat("0a", 32), rest)
	}
	intent := `"type":"intent","time":"2026-11-29T08:00:00Z","service":"E05"`
	outcome := func(of int) string {
		return fmt.Sprintf(`"type":"outcome","time":"2026-11-29T08:00:00Z","intent":%d,"outcome":"ok"`, of)
	}
	journal := NewUnfinished()
	for _, segment := range [][][]byte{
		{line(2, intent), line(3, outcome(2)), line(4, intent), line(5, intent), line(6, `"type":"refusal"`)},
		{line(8, outcome(4)), line(9, intent), line(10, outcome(2)), line(11, outcome(1)), []byte("x")},
	} {
		one := NewUnfinished()
		for _, l := range segment {
			one.Line(l)
		}
		journal.Join(one)
	}
	if n, most := journal.Count(); n != 2 || most { // 5 and 9
		t.Errorf("Count() = %d, %v, want 2, false", n, most)
	}
	many := NewUnfinished()
	for i := range uint64(mostOpen + 3) {
		many.Line(line(i+100, intent))
	}
	journal.Join(many)
	if n, most := journal.Count(); n != mostOpen+5 || !most || len(journal.open) != mostOpen {
		t.Errorf("Count() = %d, %v", n, most)
	}
}
