package registries

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// The pixels of the pictures, and the least sizes of their files in bytes. Where no
// size is asked for, a file has up to twice that size.
const (
	portraitWidth, portraitHeight   = 206, 266
	signatureWidth, signatureHeight = 240, 80

	portraitBytes  = 24 << 10
	signatureBytes = 4 << 10
)

// Portrait draws the photo of a person on the document issued on a day, as a
// JPEG of size bytes (up to three less); 0 leaves the size to the person. The
// picture itself has some 6 KiB, so a smaller size is not reached. The same
// arguments give the same bytes.
func Portrait(p *Person, issued time.Time, size int) []byte {
	return fill(drawPortrait(p, issued), cmp.Or(size, ownSize(p, issued, portraitBytes)))
}

// Signature draws the signature of a person, as [Portrait] does the photo.
func Signature(p *Person, issued time.Time, size int) []byte {
	return fill(drawSignature(p, issued), cmp.Or(size, ownSize(p, issued, signatureBytes)))
}

// ownSize returns the size of a picture when none is asked for: from least to twice
// least.
func ownSize(p *Person, issued time.Time, least int) int {
	return least + pictureRandom(p, issued).IntN(least)
}

// album keeps drawn pictures, because drawing one takes longer than all the
// rest of an answer. It is emptied when it is full.
type album struct {
	mu       sync.Mutex
	pictures map[pictureKey][]byte
}

// albumSize is the number of pictures, of some 6 KiB, that an album keeps.
const albumSize = 2048

type pictureKey struct {
	person    int
	issued    time.Time
	signature bool
}

// portrait is [Portrait], kept.
func (a *album) portrait(p *Person, issued time.Time, size int) []byte {
	drawn := a.drawn(
		pictureKey{p.ID, issued, false}, func() []byte { return drawPortrait(p, issued) },
	)
	return fill(drawn, cmp.Or(size, ownSize(p, issued, portraitBytes)))
}

// signature is [Signature], kept.
func (a *album) signature(p *Person, issued time.Time) []byte {
	drawn := a.drawn(
		pictureKey{p.ID, issued, true}, func() []byte { return drawSignature(p, issued) },
	)
	return fill(drawn, ownSize(p, issued, signatureBytes))
}

// drawn returns a kept picture, or draws it outside the lock.
func (a *album) drawn(key pictureKey, draw func() []byte) []byte {
	a.mu.Lock()
	picture, ok := a.pictures[key]
	a.mu.Unlock()
	if ok {
		return picture
	}
	picture = draw()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pictures) >= albumSize || a.pictures == nil {
		a.pictures = make(map[pictureKey][]byte)
	}
	a.pictures[key] = picture
	return picture
}

func drawPortrait(p *Person, issued time.Time) []byte {
	f := newFace(p, pictureRandom(p, issued))
	picture := image.NewRGBA(image.Rect(0, 0, portraitWidth, portraitHeight))
	for y := range portraitHeight {
		for x := range portraitWidth {
			picture.SetRGBA(x, y, f.at(float64(x), float64(y)))
		}
	}
	return encode(picture)
}

func drawSignature(p *Person, issued time.Time) []byte {
	random := pictureRandom(p, issued)
	picture := image.NewGray(image.Rect(0, 0, signatureWidth, signatureHeight))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	fast, slow, height := 5+5*random.Float64(), 1+2*random.Float64(), 8+12*random.Float64()
	const steps = 4000
	for i := range steps {
		t := float64(i) / steps
		x := 12 + t*(signatureWidth-28) + 6*math.Cos(fast*2*math.Pi*t)
		y := signatureHeight/2 +
			height*math.Sin(fast*2*math.Pi*t)*(1-t/2) +
			8*math.Sin(slow*math.Pi*t)
		for _, d := range []image.Point{{0, 0}, {1, 0}, {0, 1}} {
			picture.SetGray(int(x)+d.X, int(y)+d.Y, color.Gray{Y: 0x20})
		}
	}
	return encode(picture)
}

// pictureRandom is the source of the differences between pictures of persons and
// documents.
func pictureRandom(p *Person, issued time.Time) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(p.ID), uint64(issued.Unix())))
}

// face is a simple portrait: its colours, and how broad the head is.
type face struct {
	back, skin, hair, eyes, coat color.RGBA
	head                         float64
	long                         bool // hair down to the shoulders
}

// newFace draws skin, hair, eyes and head by the person, who keeps them, and the
// coat and the background by the document.
func newFace(p *Person, document *rand.Rand) face {
	own := rand.New(rand.NewPCG(uint64(p.ID), 1))
	shade := uint8(own.IntN(60))
	hairs := []color.RGBA{{60, 40, 25, 255}, {25, 22, 20, 255}, {190, 150, 80, 255},
		{140, 60, 30, 255}, {170, 170, 170, 255}}
	f := face{
		skin: color.RGBA{235 - shade, 195 - shade, 165 - shade, 255},
		hair: hairs[own.IntN(len(hairs))],
		eyes: color.RGBA{
			uint8(own.IntN(90)),
			uint8(60 + own.IntN(80)),
			uint8(60 + own.IntN(120)),
			255,
		},
		head: 46 + 10*own.Float64(),
		long: p.Zena,
	}
	light := uint8(document.IntN(50))
	f.back = color.RGBA{200 + light, 205 + light, 205 + light, 255}
	f.coat = color.RGBA{uint8(document.IntN(200)), uint8(document.IntN(200)),
		uint8(document.IntN(200)), 255}
	return f
}

// at returns the colour of one pixel: the foremost part of the face there.
func (f face) at(x, y float64) color.RGBA {
	within := func(cx, cy, rx, ry float64) bool {
		dx, dy := (x-cx)/rx, (y-cy)/ry
		return dx*dx+dy*dy <= 1
	}
	const mid, level = portraitWidth / 2, 120
	switch {
	case within(mid-20, level-8, 4, 4), within(mid+20, level-8, 4, 4):
		return f.eyes
	case within(mid-20, level-8, 9, 6), within(mid+20, level-8, 9, 6):
		return color.RGBA{250, 250, 250, 255}
	case within(mid, level+38, 18, 5):
		return color.RGBA{170, 70, 70, 255}
	case within(mid, level+16, 5, 12):
		return color.RGBA{f.skin.R - 25, f.skin.G - 25, f.skin.B - 25, 255}
	case within(mid, level+8, f.head, 66) && y > level-40:
		return f.skin
	case within(mid, level-8, f.head+8, 68), f.long && y > level && y < 215 &&
		math.Abs(x-mid) < f.head+8:
		return f.hair
	case within(mid, portraitHeight, 95, 70):
		return f.coat
	}
	return f.back
}

func encode(picture image.Image) []byte {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: 85}); err != nil {
		panic("encode a picture to memory: " + err.Error())
	}
	return file.Bytes()
}

// fill makes a JPEG size bytes long by comment segments (marker COM) behind its
// start marker. A segment takes at least four bytes, so up to three may miss.
func fill(picture []byte, size int) []byte {
	const start, markerAndLength, longest = 2, 4, 2 + 0xffff
	filled := make([]byte, 0, max(size, len(picture)))
	filled = append(filled, picture[:start]...)
	for rest := size - len(picture); rest >= markerAndLength; {
		n := min(rest, longest)
		if left := rest - n; left > 0 && left < markerAndLength {
			n -= markerAndLength
		}
		filled = append(filled, 0xff, 0xfe, byte((n-2)>>8), byte(n-2))
		filled = append(filled, make([]byte, n-markerAndLength)...)
		rest -= n
	}
	return append(filled, picture[start:]...)
}
