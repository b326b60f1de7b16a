package policy

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A distinguished name is compared in one form, however its text was escaped
// and its types were named: relative names as RFC 2253 orders them, each a
// sorted list of type and quoted value.

// nameOf returns the form of a name in DER.
func nameOf(der []byte) (string, error) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return "", errors.New("read the name: it is not DER")
	}
	slices.Reverse(name)
	var relative []string
	for _, set := range name {
		var parts []string
		for _, a := range set {
			parts = append(parts, attribute(a.Type.String(), textOf(a.Value)))
		}
		relative = append(relative, joinParts(parts))
	}
	return strings.Join(relative, ","), nil
}

func attribute(oid, value string) string { return oid + "=" + strconv.Quote(value) }

func joinParts(parts []string) string {
	slices.Sort(parts)
	return strings.Join(parts, "+")
}

func textOf(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	return fmt.Sprint(value)
}

// attributeTypes are the types that have names in texts: those of RFC 2253 and
// those that openssl names, folded.
var attributeTypes = map[string]string{
	"cn": "2.5.4.3", "sn": "2.5.4.4", "serialnumber": "2.5.4.5", "c": "2.5.4.6", "l": "2.5.4.7", "st": "2.5.4.8",
	"street": "2.5.4.9", "o": "2.5.4.10", "ou": "2.5.4.11", "title": "2.5.4.12", "postalcode": "2.5.4.17", "gn": "2.5.4.42",
	"dnqualifier": "2.5.4.46", "organizationidentifier": "2.5.4.97", "dc": "0.9.2342.19200300.100.1.25",
	"uid": "0.9.2342.19200300.100.1.1", "emailaddress": "1.2.840.113549.1.9.1",
}

// parseName returns the form of a name in the text of RFC 2253.
func parseName(text string) (string, error) {
	var relative, parts []string
	for rest := text; ; {
		kind, after, found := strings.Cut(rest, "=")
		oid := attributeType(strings.TrimSpace(kind))
		if !found || oid == "" {
			return "", fmt.Errorf("%q is not a type that is known with a value, as CN=name", rest)
		}
		value, ended, err := parseValue(after)
		if err != nil {
			return "", err
		}
		parts = append(parts, attribute(oid, value))
		if ended == "" {
			return strings.Join(append(relative, joinParts(parts)), ","), nil
		}
		if ended[0] != '+' {
			relative, parts = append(relative, joinParts(parts)), nil
		}
		rest = ended[1:]
	}
}

// attributeType returns the number of a type, empty when it has none.
func attributeType(name string) string {
	if name != "" && strings.Trim(name, "0123456789.") == "" {
		return name
	}
	return attributeTypes[strings.ToLower(name)]
}

// parseValue reads a value up to the separator that ends it, and returns what
// begins with the separator. Blanks around a value do not count unless they are
// escaped.
func parseValue(text string) (value, rest string, err error) {
	text = strings.TrimLeft(text, " ")
	if hexed, ok := strings.CutPrefix(text, "#"); ok {
		return parseHexValue(hexed)
	}
	var b []byte
	kept := 0 // what is not trailing blanks
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ',', ';', '+':
			return string(b[:kept]), text[i:], nil
		case '"':
			return "", "", errors.New("a value is in quotes")
		case '\\':
			escaped, n := unescape(text[i+1:])
			if n == 0 {
				return "", "", errors.New("a value has an escape that is none")
			}
			b, i = append(b, escaped), i+n
			kept = len(b)
		default:
			if b = append(b, c); c != ' ' {
				kept = len(b)
			}
		}
	}
	return string(b[:kept]), "", nil
}

// unescape reads what follows a backslash: two hexadecimal digits, or a
// character that stands for itself. It says how many bytes it took.
func unescape(text string) (byte, int) {
	if len(text) >= 2 {
		if b, err := hex.DecodeString(text[:2]); err == nil {
			return b[0], 2
		}
	}
	if text != "" && strings.IndexByte(`,+"\<>;#= `, text[0]) >= 0 {
		return text[0], 1
	}
	return 0, 0
}

// parseHexValue reads a value written as the hexadecimal digits of its DER.
func parseHexValue(text string) (value, rest string, err error) {
	end := strings.IndexAny(text, ",;+")
	if end < 0 {
		end = len(text)
	}
	der, err := hex.DecodeString(strings.TrimRight(text[:end], " "))
	var parsed any
	if err == nil {
		_, err = asn1.Unmarshal(der, &parsed)
	}
	if err != nil {
		return "", "", errors.New("a value after # is not DER in hexadecimal")
	}
	return textOf(parsed), text[end:], nil
}
