package xmltext

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A prefix is bound by its innermost declaration, however many are in scope, and
// unbound after its element has closed.
func TestPrefixesAmongManyDeclarations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := NewScanner(DefaultBounds())
	for range 200 {
		doc, want := randomScopes(random)
		s.Reset()
		window, at := []byte(doc), 0
		for at < len(want) {
			tok, n, err := s.Next(window, true)
			if err != nil {
				t.Fatalf("%v in %s", err, doc)
			}
			window = window[n:]
			if tok.Kind != StartElement {
				continue
			}
			for prefix, uri := range want[at] {
				if got, bound := s.Namespace([]byte(prefix)); string(got) != uri ||
					bound != (uri != "") {
					t.Fatalf("element %d: %q is %q, %v; want %q in %s", at, prefix, got, bound, uri,
						doc)
				}
			}
			at++
		}
	}
}

// randomScopes returns a document and, for each of its elements in order, the URIs of
// the prefixes there; "" is none.
func randomScopes(random *rand.Rand) (doc string, want []map[string]string) {
	var b strings.Builder
	stack := []map[string]string{{}}
	for range 60 {
		if len(stack) > 2 && random.IntN(3) == 0 || len(stack) > 30 {
			b.WriteString("</x>")
			stack = stack[:len(stack)-1]
			continue
		}
		scope := map[string]string{}
		for prefix, uri := range stack[len(stack)-1] {
			scope[prefix] = uri
		}
		b.WriteString("<x")
		for _, i := range random.Perm(40)[:random.IntN(12)] {
			prefix, uri := fmt.Sprint("p", i), fmt.Sprint("urn:", random.IntN(1000))
			scope[prefix] = uri
			fmt.Fprintf(&b, " xmlns:%s='%s'", prefix, uri)
		}
		b.WriteByte('>')
		for i := range 40 {
			if prefix := fmt.Sprint("p", i); scope[prefix] == "" {
				scope[prefix] = ""
			}
		}
		stack, want = append(stack, scope), append(want, scope)
	}
	return b.String() + strings.Repeat("</x>", len(stack)-1), want
}
