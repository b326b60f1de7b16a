package xmltext

import "testing"

// contents are fillings of an item. The mixed ones alternate between characters that
// are read in different ways.
var contents = []string{"a", "\r", "\n", "\r\n", "\t", " ", "]", "]]x", ">", "- ", "?", `"`, "'",
	"ž", "€", "😀", "\r\t", "\ra", "\r€", "až", " a", "aé€"}

// fillable are the items that a sender may make long.
var fillable = map[string]struct{ open, end string }{
	"text":        {"<a>", "</a>"},
	"comment":     {"<a><!--", "--></a>"},
	"cdata":       {"<a><![CDATA[", "]]></a>"},
	"instruction": {"<a><?p ", "?></a>"},
	"target":      {"<a><?p", "?></a>"},
	"attribute":   {`<a b="`, `"></a>`},
	"start tag":   {"<a", "></a>"},
	"end tag":     {"<a></a", ">"},
	"declaration": {"<?xml ", "version='1.0'?><a/>"},
	"prolog":      {"", "<a/>"},
	"epilog":      {"<a/>", ""},
}

// A byte that comes alone is read together with the carry only where it can end
// an item. So the work grows with the length of a document and not with its square.
func TestBytesAreNotReadAnew(t *testing.T) {
	const size = 12 << 10 // a tag that long is within the bounds
	for name, f := range fillable {
		for _, content := range contents {
			doc := []byte(f.open + repeat(content, size/len(content)) + f.end)
			s, read := NewScanner(DefaultBounds()), 0
			for i := range doc {
				if len(s.carry) > 0 {
					before := *s // reach changes nothing that is shared
					if _, decisive := before.reach(doc[i : i+1]); decisive {
						read += len(s.carry)
					}
				}
				read++
				if !takes(s, doc[i:i+1]) {
					break // not well-formed: nothing more is read
				}
			}
			if most := 8 * len(doc); read > most {
				t.Errorf("%s of %q: read %d bytes, of %d", name, content, read, len(doc))
			}
		}
	}
}

// takes reads all tokens of a window, and reports whether the document goes on.
func takes(s *Scanner, window []byte) bool {
	for {
		tok, n, err := s.Next(window, false)
		window = window[n:]
		if err != nil || tok.Kind == End {
			return err == ErrMore
		}
	}
}

// A run of bytes of one class makes pieces that are long, whatever the class;
// text that changes after each CR LF makes two a line.
func TestRunsMakeFewPieces(t *testing.T) {
	const size = 64 << 10
	for _, name := range []string{"text", "comment", "cdata", "instruction"} {
		for _, content := range contents {
			doc := []byte(fillable[name].open + repeat(content, size/len(content)) +
				fillable[name].end)
			s, pieces := NewScanner(DefaultBounds()), 0
			for rest := doc; ; pieces++ {
				tok, n, err := s.Next(rest, true)
				if err != nil {
					t.Fatalf("%s of %q: %v", name, content, err)
				}
				if rest = rest[n:]; tok.Kind == End {
					break
				}
			}
			if most := 8 + size/(lineBytes/4); pieces > most {
				t.Errorf("%s of %q: %d pieces of %d bytes", name, content, pieces, len(doc))
			}
		}
	}
}
