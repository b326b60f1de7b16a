package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// With any files in a folder, verify ends with a verdict or an error, and says
// where.
func FuzzVerify(f *testing.F) {
	m := small(testKey(1))
	whole := ""
	for _, name := range files(m.files).names() {
		whole += m.files[name]
	}
	first := m.files[segmentName(1)]
	for _, seed := range []string{whole, first, first[:100], first + first, "", "\n\n", "{\"seq\":1,", "\x00"} {
		f.Add([]byte(seed), uint64(1), uint16(len(first)), false)
		f.Add([]byte(seed), uint64(5), uint16(10), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, number uint64, cut uint16, pack bool) {
		at := min(int(cut), len(text))
		journal := files{segmentName(1): string(text[:at]), segmentName(max(number, 2)): string(text[at:])}
		if pack {
			journal = files{segmentName(1) + ".zst": string(text)}
		}
		v, err := journal.verify(&Options{})
		if err == nil && v.Broken != nil && (v.Broken.Line < 1 || v.Broken.Path == "" || v.Broken.Text == "") {
			t.Errorf("%+v", v.Broken)
		}
	})
}

// BenchmarkVerify reads a journal of 100 000 records of the usual length.
func BenchmarkVerify(b *testing.B) {
	m := newMaker("g1", testKey(1))
	for range 4 {
		for range 25000 {
			m.line(map[string]string{"type": "intent", "what": strings.Repeat("x", 700)}, false)
		}
		m.next(Sealed, "")
	}
	m.close()
	for name, pack := range map[string]bool{"plain": false, "zstd": true} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			for name, text := range m.files {
				if pack {
					name, text = name+".zst", compressed(b, text)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			began := time.Now()
			for b.Loop() {
				whole(b, dir, nil)
			}
			b.ReportMetric(time.Since(began).Seconds()/float64(b.N)*100, "s/10M")
		})
	}
}
