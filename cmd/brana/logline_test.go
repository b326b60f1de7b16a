package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logged is the line of a message with a field.
func logged(t *testing.T, message, value string) string {
	t.Helper()
	var out bytes.Buffer
	log := zap.New(zapcore.NewCore(newEncoder(), zapcore.AddSync(&out), zap.InfoLevel)).With(zap.String("with", value))
	log.Info(message, zap.String("key "+value, value))
	return out.String()
}

// No character in the log steers a terminal or breaks a line, wherever it comes
// from; and a reader of the JSON gets each.
func TestNothingInTheLogSteers(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !steers(r) && r >= 0x20 && r%97 != 0 || 0xd800 <= r && r < 0xe000 {
			continue // of those that may stand, some
		}
		value := fmt.Sprintf("a%cb", r)
		line := logged(t, value, value)
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < 0x20 || steers(r) }) {
			t.Fatalf("%U stands in the line %q", r, line)
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["msg"] != value || fields["with"] != value ||
			fields["key "+value] != value {
			t.Fatalf("%U: %v, %q", r, err, line)
		}
	}
	for value, want := range map[string]string{
		"\x7f": `\u007f`, "\u009b31m": `\u009b31m`, "\u2028": `\u2028`, "\u202e": `\u202e`, "\ufeff": `\ufeff`, "\U000e0041": `\udb40\udc41`,
		"Příliš žluťoučký": "Příliš žluťoučký", "12345678\x7f": `12345678\u007f`,
	} {
		if line := logged(t, "m", value); !strings.Contains(line, want) {
			t.Errorf("%q is logged as %s", value, line)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	for name, value := range map[string]string{"ascii": strings.Repeat("12345678 ", 80), "czech": strings.Repeat("žluťoučký ", 60)} {
		b.Run(name, func(b *testing.B) {
			log := zap.New(zapcore.NewCore(newEncoder(), zapcore.AddSync(discard{}), zap.InfoLevel))
			b.ReportAllocs()
			for b.Loop() {
				log.Info("exchange", zap.String("value", value))
			}
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
