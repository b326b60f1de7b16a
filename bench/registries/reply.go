package registries

import (
	"io"
	"strings"
)

// reply is one answer of a registry, without the SOAP envelope around it. The zero
// reply means that the registry does not have such a message.
type reply struct {
	head   []byte                  // the payload from its first byte
	stream func(w io.Writer) error // writes the rest after head; nil when head is all
	kod    string                  // VysledekKod of the answer, for the log of the server
	uses   int                     // use records for this message, one per person
	hidden bool                    // these are hidden from the person (znepristupniLog)
}

func writeReply(w io.Writer, head []byte, stream func(io.Writer) error, end string) error {
	if _, err := w.Write(head); err != nil {
		return err
	}
	if stream != nil {
		if err := stream(w); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, end)
	return err
}

// filler is a comment that makes a reply longer; a reply is filled with whole
// ones and a shorter one.
const (
	commentStart, commentEnd = "<!--", "-->"
	fillerSize               = 4096
	fillerLeast              = len(commentStart + commentEnd)
)

// writeFiller writes comments of n bytes together, n being 0 or at least fillerLeast.
func writeFiller(w io.Writer, n int64) error {
	one := commentStart + strings.Repeat("brana ", fillerSize)
	block := []byte(strings.Repeat(one[:fillerSize-len(commentEnd)]+commentEnd, 16))
	for ; n >= int64(len(block))+fillerSize; n -= int64(len(block)) {
		if _, err := w.Write(block); err != nil {
			return err
		}
	}
	for n > 0 {
		size := min(n, fillerSize)
		if rest := n - size; rest > 0 && rest < int64(fillerLeast) {
			size -= int64(fillerLeast)
		}
		if _, err := io.WriteString(w, one[:int(size)-len(commentEnd)]+commentEnd); err != nil {
			return err
		}
		n -= size
	}
	return nil
}
