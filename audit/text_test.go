package audit

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A text is read as it was written by any reader of JSON, also where eight bytes are
// looked at together.
func TestTextsAreReadAsTheyWereWritten(t *testing.T) {
	piece := rapid.OneOf(
		rapid.StringMatching(`[ -~]{0,20}`),
		rapid.SampledFrom([]string{`"`, `\`, "\x00", "\x1f", "\x7f", "\x80", "\xff", "č", "\ufffd", "😀"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		var s string
		for _, p := range rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces") {
			s += p
		}
		var got string
		written := quote(nil, s)
		if err := json.Unmarshal(written, &got); err != nil || got != string([]rune(s)) {
			t.Fatalf("%q was written as %s and read as %q: %v", s, written, got, err)
		}
		if same := quote(nil, []byte(s)); string(same) != string(written) {
			t.Fatalf("%q as bytes: %s, as a string: %s", s, same, written)
		}
	})
}

func TestTimesOfRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-12*60, 14*60).Draw(t, "minutes")*60)
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"),
			rapid.Int64Range(0, 1e9-1).Draw(t, "nanoseconds")).In(zone)
		want := at.Format("2006-01-02T15:04:05.000000Z07:00")
		if got := string(appendTime(nil, at)); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}
