package config

import (
	"strings"
	"testing"
)

func TestMistakesInTLS(t *testing.T) {
	_, err := Parse("f", []byte(`listen: {address: "0.0.0.0:1", insecure_identity: true, tls: {min_version: 1.1, key: k}}
upstreams: {a: {url: "http://h", tls: {ca: x}}, b: {url: "https://h", tls: {cert: x}}, c: {url: "https://h", tls: {}}}
routes: {default: refuse}
`), unset)
	for _, want := range []string{"1:51: listen.insecure_identity: is for plain HTTP", "1:57: listen.tls.cert: is needed",
		"1:57: listen.tls.client_ca: is needed",
		`1:76: listen.tls.min_version: "1.1" is not one of 1.2, 1.3`,
		"2:34: upstreams.a.tls: is of no use with http; write the url as https",
		"2:71: upstreams.b.tls: cert and key belong together", "2:110: upstreams.c.tls: is empty"} {
		if err == nil || !strings.Contains(err.Error(), "f:"+want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
	for _, text := range []string{"{min_version: 1.3, legacy_rsa: true}", "{sert: x}"} {
		if _, err := Parse("f", []byte("listen: {tls: "+text+"}\n"), unset); err == nil || !strings.Contains(err.Error(), "legacy_rsa") &&
			!strings.Contains(err.Error(), `f:1:16: unknown field "sert"`) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
