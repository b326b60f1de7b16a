package egon

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Base64 may have white space anywhere. Otherwise a strict decoder accepts the same.
func TestBase64Bytes(t *testing.T) {
	strict := base64.StdEncoding.Strict()
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		text := []byte(strict.EncodeToString(data))
		for range rapid.IntRange(0, 5).Draw(t, "gaps") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			gap := rapid.SampledFrom([]string{" ", "\n", "\r\n", "\t"}).Draw(t, "gap")
			text = bytes.Join([][]byte{text[:at], text[at:]}, []byte(gap))
		}
		if got := base64Bytes(text); got != len(data) {
			t.Fatalf("base64Bytes(%q) = %d, want %d", text, got, len(data))
		}
		soup := rapid.StringOfN(rapid.RuneFrom([]rune("ABQgwE08_-=á")), 0, 20, -1).Draw(t, "soup")
		want := -1
		if decoded, err := strict.DecodeString(soup); err == nil {
			want = len(decoded)
		}
		if got := base64Bytes([]byte(soup)); got != want {
			t.Fatalf("base64Bytes(%q) = %d, want %d", soup, got, want)
		}
	})
}

func TestParseInt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(`[-+]?[0-9]{1,12}`),
			rapid.StringOfN(rapid.RuneFrom([]rune("+-0 129x")), 1, 5, -1),
			rapid.SampledFrom([]string{"2147483647", "2147483648", "-2147483648", "-2147483649",
				"+0", "-0", "007", "-", "+"}),
		).Draw(t, "s")
		want, err := strconv.ParseInt(s, 10, 32)
		if got, ok := parseInt([]byte(s)); ok != (err == nil) || ok && int64(got) != want {
			t.Fatalf("parseInt(%q) = %d, %v, want %d, %v", s, got, ok, want, err)
		}
	})
}

func TestDates(t *testing.T) {
	for s, want := range map[string]bool{
		"1977-05-03": true, "2024-02-29": true, "2000-02-29": true, "9999-12-31": true,
		"0001-01-01":  true,
		"1977-05-03Z": true, "1977-05-03+01:00": true, "1977-05-03-14:00": true,
		"1900-02-29": false, "2023-02-29": false, "2023-04-31": false, "2023-00-01": false,
		"2023-13-01": false,
		"2023-01-00": false, "0000-01-01": false, "12023-01-01": false, "-2023-01-01": false,
		"2023-1-1":            false,
		"1977-05-03T00:00:00": false, "1977-05-03+14:01": false, "1977-05-03+1:00": false,
		"1977/05/03": false, "1": false,
	} {
		if got := isDate([]byte(s)); got != want {
			t.Errorf("isDate(%q) = %v, want %v", s, got, want)
		}
	}
}

// A time zone does not change the day, and text that is no xs:date is no day.
func TestParseDate(t *testing.T) {
	want := time.Date(1977, 5, 3, 0, 0, 0, 0, time.UTC)
	for _, s := range []string{"1977-05-03", "1977-05-03Z", "1977-05-03+01:00",
		"1977-05-03-14:00"} {
		if got, ok := ParseDate(s); !ok || got != want {
			t.Errorf("ParseDate(%q) = %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", " 1977-05-03", "1977-05-03X", "1977-05-03+14:01", "1977-02-29",
		"3.5.1977"} {
		if got, ok := ParseDate([]byte(s)); ok {
			t.Errorf("ParseDate(%q) = %v", s, got)
		}
	}
}

func TestIsToken(t *testing.T) {
	for s, want := range map[string]bool{
		"X999": true, "12345678": true, "a-b.c_d:e": true, "Č1": true,
		strings.Repeat("Č", 15): true,
		"A 1":                   false, "A/1": false, "A\u00a01": false, "A1\u200b": false,
		strings.Repeat("Č", 16): false,
	} {
		if got := isToken([]byte(s), 15); got != want {
			t.Errorf("isToken(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestCollapse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("aáb \t\r\n\u00a0"))).Draw(t, "s")
		want := strings.Join(strings.FieldsFunc(s,
			func(r rune) bool { return r < 0x80 && white(byte(r)) }), " ")
		if got := string(collapse([]byte(s))); got != want {
			t.Fatalf("collapse(%q) = %q, want %q", s, got, want)
		}
	})
}
