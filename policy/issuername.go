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

// Distinguished names are compared in one form, however their texts are escaped and
// their types named: relative names in the order of RFC 2253, each a sorted list of
// types with quoted values.

// nameOf returns the compared form of a name in DER.
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

// attributeTypes are the types that have names in texts: those of RFC 2253 and those
// that openssl names, in lower case.
var attributeTypes = map[string]string{
	"cn":                     "2.5.4.3",
	"sn":                     "2.5.4.4",
	"serialnumber":           "2.5.4.5",
	"c":                      "2.5.4.6",
	"l":                      "2.5.4.7",
	"st":                     "2.5.4.8",
	"street":                 "2.5.4.9",
	"o":                      "2.5.4.10",
	"ou":                     "2.5.4.11",
	"title":                  "2.5.4.12",
	"postalcode":             "2.5.4.17",
	"gn":                     "2.5.4.42",
	"dnqualifier":            "2.5.4.46",
	"organizationidentifier": "2.5.4.97",
	"dc":                     "0.9.2342.19200300.100.1.25",
	"uid":                    "0.9.2342.19200300.100.1.1",
	"emailaddress":           "1.2.840.113549.1.9.1",
}

// parseName returns the compared form of a name in the text of RFC 2253.
func parseName(text string) (string, error) {
	var relative, parts []string
	for rest := text; ; {
		kind, after, found := strings.Cut(rest, "=")
		oid := attributeType(strings.TrimSpace(kind))
		if !found || oid == "" {
			return "", fmt.Errorf("%q is no known type with a value, as CN=name", rest)
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

// attributeType returns the number of a type, empty when the type is unknown.
func attributeType(name string) string {
	if name != "" && strings.Trim(name, "0123456789.") == "" {
		return name
	}
	return attributeTypes[strings.ToLower(name)]
}

// parseValue reads a value up to its separator, and returns the rest from the
// separator on. Blanks around a value do not count unless they are escaped.
func parseValue(text string) (value, rest string, err error) {
	text = strings.TrimLeft(text, " ")
	if hexed, ok := strings.CutPrefix(text, "#"); ok {
		return parseHexValue(hexed)
	}
	var b []byte
	kept := 0 // length without trailing blanks
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ',', ';', '+':
			return string(b[:kept]), text[i:], nil
		case '"':
			return "", "", errors.New("a value is in quotes")
		case '\\':
			escaped, n := unescape(text[i+1:])
			if n == 0 {
				return "", "", errors.New("a value has an unknown escape")
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

// unescape reads the bytes after a backslash: two hexadecimal digits, or a character
// that stands for itself. It returns how many bytes it took, 0 for an unknown escape.
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

// parseHexValue reads a value that is written as its DER in hexadecimal.
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
