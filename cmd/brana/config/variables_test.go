package config

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// smallConfig is a configuration with a place for more keys of listen.
const smallConfig = "listen: {%s}\nupstreams: {iszr: {url: \"http://h/p\"}}\nroutes: {default: relay iszr}\n"

// A variable is part of one value, whatever it holds and wherever it stands.
func TestAVariableIsOneValue(t *testing.T) {
	for _, tt := range []struct{ name, listen, value, want string }{
		{"plain", "prefix: ${V}", "/p", "/p"},
		{"a part", "prefix: /a${V}${V}", "x", "/axx"},
		{"quoted", `prefix: "/a${V}"`, "x", "/ax"},
		{"in single quotes", `prefix: '/a${V}'`, "x", "/ax"},
		{"keys", "prefix: ${V}", "/p, status_mode: http", "/p, status_mode: http"},
		{"a block of keys", "prefix: ${V}", "/p\nadmin: {address: x}", "/p\nadmin: {address: x}"},
		{"a mapping", "prefix: ${V}", "{a: b}", "{a: b}"},
		{"quotes", `prefix: "${V}"`, `"', x: "`, `"', x: "`},
		{"a comment", "prefix: ${V}", "/p # not this", "/p # not this"},
		{"a variable", "prefix: ${V}", "${V}", "${V}"},
		{"digits", "prefix: ${V}", "007", "007"},
		{"a tag", "prefix: ${V}", "!!int 7", "!!int 7"},
		{"an alias", "prefix: ${V}", "*a", "*a"},
		{"nothing", "prefix: ${V-}", "", ""},
		{"something, perhaps", "prefix: ${V-}", "/p", "/p"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse("f", []byte(strings.Replace(smallConfig, "%s", tt.listen, 1)), func(string) (string, bool) { return tt.value, true })
			if err != nil || c.Listen.Prefix != tt.want || c.Listen.StatusMode != "egon" {
				t.Errorf("%v: prefix %q, want %q", err, c.Listen.Prefix, tt.want)
			}
		})
	}
}

// Values that are no strings can be variables too.
func TestAVariableOfAnyType(t *testing.T) {
	text := strings.Replace(smallConfig, "%s", "drain: ${DRAIN}, max_conns: ${CONNS}, inline_limit: ${SIZE}, insecure_identity: ${ANY}", 1) +
		"log:\n  level: ${LEVEL}\n"
	text = strings.Replace(text, `url: "http://h/p"`, `url: "http://h/p", pace: {per_second: ${RATE}, burst: 2}`, 1)
	values := map[string]string{"DRAIN": "3s", "CONNS": "17", "SIZE": "1KiB", "ANY": "True", "LEVEL": "debug", "RATE": "2.5"}
	c, err := Parse("f", []byte(text), func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if l := c.Listen; time.Duration(l.Drain) != 3*time.Second || l.MaxConns != 17 || l.InlineLimit != 1024 || !l.InsecureIdentity ||
		c.Log.Level != "debug" || c.Upstreams["iszr"].Pace.PerSecond != 2.5 {
		t.Errorf("listen %+v, log %+v, upstreams %+v", l, c.Log, c.Upstreams)
	}
}

func TestMistakesInVariables(t *testing.T) {
	values := map[string]string{"EMPTY": "", "SET": "set"}
	for _, tt := range []struct{ name, text, want string }{
		{"unset", "listen:\n  prefix: /č${UNSET}",
			"f:2:13: variable UNSET is not set in the environment: set it, or write ${UNSET-} if it may be empty"},
		{"empty", "listen:\n  prefix: ${EMPTY}", "f:2:11: variable EMPTY is empty in the environment: set it, or write ${EMPTY-} if it may be"},
		{"two", "listen: {prefix: ${UNSET}, drain: ${EMPTY}}", "f:1:35: variable EMPTY"},
		{"a key", "${SET}: {prefix: x}", "f:1:1: a variable in a key: it is for values only"},
		{"a key below", "listen: {\"${SET}\": x}", "f:1:11: a variable in a key"},
		{"a default", "listen: {prefix: \"${SET:-x}\"}", "f:1:19: ${ begins a variable: write ${NAME}, or ${NAME-} for one that may be empty"},
		{"a default without quotes", "listen: {prefix: ${SET:-http://x}}", "f:1:18: ${ begins a variable: write ${NAME}"},
		{"no name", "listen: {prefix: ${1}, drain: 1s}", "f:1:18: ${ begins a variable: write ${NAME}"},
		{"an open brace before the end of a mapping", "listen: {prefix: /a${}\n", "f:1:20: ${ begins a variable: write ${NAME}"},
		{"no name in letters of ours", "listen: {prefix: ${čas}, drain: ${UNSET}}", "f:1:33: variable UNSET is not set"},
		{"a value of the wrong type", "listen: {max_conns: ${SET}}", "f:1:21: "},
		{"a duration", "listen:\n  drain: ${SET}", `f:2:10: set is not a duration`},
		{"a mark", "listen: {prefix: \U000F0000}", "f:1:18: a character for private use: remove it"},
		{"two documents", "listen: {}\n---\nlisten: {}", "f:3:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.text), func(name string) (string, bool) { v, ok := values[name]; return v, ok })
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %s", err, tt.want)
			}
		})
	}
}

// What an editor puts before a text, or another encoding of it.
func TestEncodingsOfTheConfiguration(t *testing.T) {
	text := []byte("# Příliš žluťoučký kůň\n" + strings.Replace(smallConfig, "%s", "prefix: /p", 1))
	c, err := Parse("f", append([]byte("\ufeff"), text...), unset)
	if err != nil || c.Listen.Prefix != "/p" {
		t.Errorf("with a byte order mark: %v", err)
	}
	for encoding, want := range map[string]string{
		"UTF-16":   "f:1:1: the file is in UTF-16: save it as UTF-8, as iconv -f UTF-16 -t UTF-8 does",
		"UTF-16BE": "f:1:1: the file is in UTF-16: ",
		"CP1250":   "f:1:4: the byte 0xF8 is not UTF-8, so the file may be in Windows-1250: save it as UTF-8, as iconv -f CP1250 -t UTF-8 does",
	} {
		convert := exec.Command("iconv", "-f", "UTF-8", "-t", encoding)
		convert.Stdin = bytes.NewReader(text)
		converted, err := convert.Output()
		if err != nil {
			t.Skipf("no iconv here: %v", err)
		}
		_, err = Parse("f", converted, unset)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", encoding, err, want)
		}
	}
}
