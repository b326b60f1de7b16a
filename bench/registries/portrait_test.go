package registries

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"testing"

	"pgregory.net/rapid"
)

func TestPicturesAreJPEGsOfTheSizeAskedFor(t *testing.T) {
	p := NewPopulation(0, testSeed).All()[0]
	issued := p.OP[0].VydanoDne
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(12<<10, 40<<10), rapid.IntRange(1<<16, 1<<18)).Draw(t, "size")
		for name, picture := range map[string][]byte{"portrait": Portrait(p, issued, size), "signature": Signature(p, issued, size)} {
			if len(picture) > size || len(picture) < size-3 {
				t.Fatalf("%s of %d bytes, want %d", name, len(picture), size)
			}
			if _, err := jpeg.Decode(bytes.NewReader(picture)); err != nil {
				t.Fatalf("%s of %d bytes: %v", name, size, err)
			}
		}
	})
}

func TestEveryDocumentHasItsOwnPicture(t *testing.T) {
	seen := map[string]string{}
	for _, p := range NewPopulation(20, testSeed).All() {
		for k, d := range p.OP {
			who := fmt.Sprintf("person %d, card %d", p.ID, k)
			for kind, draw := range map[string][]byte{"photo": Portrait(p, d.VydanoDne, 0), "signature": Signature(p, d.VydanoDne, 0)} {
				if other, ok := seen[string(draw)]; ok {
					t.Errorf("%s has the %s of %s", who, kind, other)
				}
				seen[string(draw)] = who
			}
			if !bytes.Equal(Portrait(p, d.VydanoDne, 0), Portrait(p, d.VydanoDne, 0)) {
				t.Errorf("%s: the photo changes from call to call", who)
			}
			if n := len(Portrait(p, d.VydanoDne, 0)); n < 20<<10 || n > 60<<10 {
				t.Errorf("%s: the photo has %d bytes", who, n)
			}
		}
	}
}

func TestAHugePortraitIsStillAJPEG(t *testing.T) {
	p := NewPopulation(0, testSeed).All()[0]
	const size = 9<<20 + 7
	picture := Portrait(p, p.OP[0].VydanoDne, size)
	if len(picture) < size-3 || len(picture) > size {
		t.Errorf("%d bytes, want %d", len(picture), size)
	}
	if _, err := jpeg.Decode(bytes.NewReader(picture)); err != nil {
		t.Error(err)
	}
}

func BenchmarkPortrait(b *testing.B) {
	p := NewPopulation(0, testSeed).All()[0]
	b.ReportAllocs()
	for b.Loop() {
		Portrait(p, p.OP[0].VydanoDne, 0)
	}
}
